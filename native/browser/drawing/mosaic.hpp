// Pictures of mosaics, as selfsame/mosaic/drawing makes them with Pillow, bit for bit.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "browser/files/codes.hpp"

namespace selfsame::browser {

// A picture of bytes, its channels side by side.
struct Shades {
    int width, height, channels;
    std::vector<std::uint8_t> values;
};

// Render a mosaic at any size.
Shades draw_mosaic(const MosaicCode& code, int width, int height);

// What windows are read from, and their maps; see selfsame/mosaic/drawing/window.py.
class MosaicViewer {
public:
    // Of a mosaic of copies of itself, of width × height pixels.
    MosaicViewer(const MosaicCode& code, int width, int height);

    // Render a window of the picture's shape, of so many pixels: its corner and extent are in widths and heights of the
    // picture, in which it lies.
    Shades window(int width, int height, double left, double top, double extent) const;

private:
    const MosaicCode& code_;
    std::vector<std::int32_t> patch_map_;
    std::vector<double> rects_, base_, maps_;
    std::vector<float> stored_;
    std::vector<std::int64_t> levels_;
};

}  // namespace selfsame::browser
