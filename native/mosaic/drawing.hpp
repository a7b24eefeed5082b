// Pictures made of themselves: copies painted into patches, and windows however small.
#pragma once

#include <cstdint>

#include "core/grid.hpp"

namespace selfsame::mosaic {

// A picture of bytes, its channels side by side.
template <typename T>
struct Picture {
    Grid<T> pixels;  // (height, width · channels)
    int channels;

    int height() const { return static_cast<int>(pixels.height()); }
    int width() const { return static_cast<int>(pixels.width()) / channels; }
};

// Patches that one copy is painted into, all as large as it.
struct Places {
    Grid<const std::int64_t> corners;  // (k, 2): top and left in pixels of the picture
    Row<const std::uint8_t> isometries;
    Grid<const float> base;  // (k, 3 · C): mean and slopes, in units of bytes
    Grid<const float> maps;  // (k, C · C): of the copy's colours
};

// Paint a copy into patches of a band, whose row 0 is row `first` of the picture.
void paint(Picture<std::uint8_t> band, std::int64_t first, const Places& places,
           Picture<const std::uint8_t> copy, int threads);

// What windows are read from; see mosaic/drawing/window.py.
struct Address {
    Grid<const std::int32_t> patch_map;  // (finest, finest): the patch at every place
    Grid<const double> rects;            // (R, 4): top, left, bottom, right in shares of the picture
    Row<const std::uint8_t> isometries;  // of R patches
    Grid<const double> base, maps;       // of R patches and, as the last row, of the gate: (·, 3 · C), (·, C · C)
    Grid<const float> stored;            // pixels of a picture and its halvings, (n, C), in [0, 1]
    Grid<const std::int64_t> levels;     // rows offset, height, width of these
};

// A window of the picture: its corner, and its extent in widths and heights of the picture. The gate is a
// patch whose own numbers differ in the frame from those it has in copies deeper down.
struct Window {
    double left, top, extent;
    int gate;
};

// Fill a frame with a window, with `samples` × `samples` samples a pixel.
void view(Picture<std::uint8_t> frame, const Window& window, const Address& address, int samples, int threads);

}  // namespace selfsame::mosaic
