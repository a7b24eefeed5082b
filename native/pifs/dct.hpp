// The orthonormal DCT-II of many rows at once, by even and odd halves (Chen, Smith, Fralick 1977).
#pragma once

#include "core/grid.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

inline constexpr int kSuperblock = 1 << kMaxLog2;

// Samples of a square of kSuperblock pixels or less, at a fixed stride.
struct Tile {
    alignas(64) float values[kSuperblock * kSuperblock];

    float* row(int y) { return values + y * kSuperblock; }
    const float* row(int y) const { return values + y * kSuperblock; }
};

// Write the transforms of 2^log2 rows each of `in`, column by column, to the same rows of `out`.
void transform_columns(const Tile& in, int log2, Tile& out);

// Write a tile mirrored along its diagonal.
void transpose(const Tile& in, Tile& out);

// Replace the blocks of a plane, of which none overlap, by their transforms, times `factor`.
void transform_blocks(Grid<float> plane, Row<const Block> blocks, float factor, int threads);

// Write the transform of one block, of which the pixels stand in the first rows of `block`.
void transform_block(Tile& block, int log2_height, int log2_width, Tile& scratch);

}  // namespace selfsame::pifs
