// Pictures at other sizes, as Pillow makes them: bit for bit of bytes, up to rounding of floats.
#pragma once

#include "core/grid.hpp"

namespace selfsame {

enum class Filter { kBox, kTriangle, kCubic, kLanczos };

// A rectangle of a picture, in its pixels.
struct Extent {
    double left, top, right, bottom;
};

// Fill `to` with the part `box` of `from`; channels lie side by side, and both are (height, width · channels).
// Where the result is coarser, the filters are as many times as wide.
template <typename T>
void resize(Grid<const T> from, const Extent& box, Filter filter, int channels, Grid<T> to, int threads);

}  // namespace selfsame
