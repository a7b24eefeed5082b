// Filling convex shapes into a bitmap of 8 × 8 samples per pixel, row of samples by row.
//
// A bitmap is (8 H, W) bytes: one row per line of samples, one bit per sample, eight to a pixel. Coordinates are
// in samples, so that sample (i, j) has its centre at (j + ½, i + ½), y down.
#pragma once

#include <array>
#include <cstdint>

#include "core/grid.hpp"

namespace selfsame::ifs {

inline constexpr int kSamples = 8;  // per pixel along each axis; eight of a row make one byte

// A capsule is x0, y0, x1, y1, radius, a disk being one whose ends coincide; a parallelogram is the centre x, y
// and two half-edges.
struct Shape {
    enum Kind { kCapsule, kParallelogram };

    Kind kind;
    std::array<double, 6> numbers;
};

using Affine = std::array<double, 6>;  // m00, m01, m10, m11, b0, b1

// Draw the image of a shape under a map; `half` is the least half-width of what is drawn.
void draw_shape(Grid<std::uint8_t> bits, const Shape& shape, const Affine& map, double half);

// Draw a disk.
void draw_dot(Grid<std::uint8_t> bits, double x, double y, double radius);

// Whether every pixel that the square x ± reach, y ± reach touches is full.
bool is_full(Grid<std::uint8_t> bits, double x, double y, double reach);

// Write the share of set samples of each pixel.
void count_samples(Grid<std::uint8_t> bits, Grid<float> picture);

}  // namespace selfsame::ifs
