// The cosines of a block: an orthonormal DCT-II whose synthesis can be evaluated at any scale.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/grid.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

inline constexpr float kLimit = 1024;  // values of a plane are clipped to this, far beyond any picture's

// The n cosines of the orthonormal DCT-II of every side n, each at its n · scale samples:
// sqrt((1 if k == 0 else 2) / n) cos(pi (2 u + 1) k / (2 n)), pixel i of the block at u = i.
class Basis {
public:
    explicit Basis(int scale);
    // Cosine k of side 2^log2.
    const float* wave(int log2, int k) const { return &table_[starts_[log2] + (std::size_t(k) << log2) * scale_]; }
    int scale() const { return scale_; }

private:
    int scale_;
    std::vector<float> table_;
    std::array<std::size_t, kMaxLog2 + 1> starts_;
};

// How many rows and columns from the first on hold all the levels of a block that are not zero.
struct Box {
    int rows, columns;
};
Box level_box(Grid<const std::int32_t> block);

// Write the blocks that levels describe, b of x = S x + b, in units of 1/255, clipped to kLimit;
// `out` has `scale` samples per pixel in either direction.
void inverse_dct(Grid<const std::int32_t> levels, Row<const Block> blocks, float step,
                 const Basis& basis, Grid<float> out, int threads);

}  // namespace selfsame::pifs
