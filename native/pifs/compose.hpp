// Decoded planes to the pixels of a picture.
#pragma once

#include <span>

#include "core/grid.hpp"

namespace selfsame::pifs {

// A rectangle of a plane.
struct Window {
    Grid<const float> values;  // centred on 0, in units of 1/255
    int top, left;             // of `values` in the plane
    int height, width;         // of the plane, as far as it belongs to the picture
};

// Fill the first channels of `out`, (height, width · channels) in [0, 1] or, as bytes, 0 to 255, with grey
// (one window) or sRGB (Y, Cb and Cr as in JFIF).
//
// With half_chroma Cb and Cr have half the resolution of Y and are interpolated linearly. `out` lies at
// (top, left) in the plane of Y; the windows hold what it needs.
template <typename Sample>  // float or std::uint8_t
void compose(std::span<const Window> windows, bool half_chroma, int top, int left, int channels,
             Grid<Sample> out, int threads);

}  // namespace selfsame::pifs
