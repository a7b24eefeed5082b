// Rate-distortion optimal partition: within each superblock every block of every shape is priced, with
// and without a map, then the tree is pruned from the leaves up, which is exact for such additive costs
// (Breiman et al. 1984; Chou, Lookabaugh, Gray 1989).
#pragma once

#include <optional>
#include <vector>

#include "core/grid.hpp"
#include "pifs/attractor.hpp"
#include "pifs/plane.hpp"
#include "pifs/pricing.hpp"

namespace selfsame::pifs {

// One map for every square block of one size, or one for all of them; kind kNoMap where there is none.
// Scales are still open.
struct Candidates {
    int log2;  // of the side
    Grid<const Map> maps;
};

// Shapes of blocks that a partition may have, as bits: those of log2 sides (lh, lw) are bit
// (lh - kMinLog2) · kSizes + lw - kMinLog2.
using Shapes = std::uint32_t;
inline constexpr Shapes kAllShapes = ~Shapes(0);
constexpr Shapes shape_bit(int log2_height, int log2_width) {
    return Shapes(1) << ((log2_height - kMinLog2) * kSizes + log2_width - kMinLog2);
}

struct Partition {
    std::vector<Block> blocks;
    std::vector<Map> maps;
};

// Return the cheapest partition of a plane, and its maps. Where a border leaves no choice, blocks of other
// shapes remain.
//
// `pixels` are padded; domains come from `reference`, of the same shape, and from `luma`.
Partition cheapest_partition(Grid<const float> pixels, Grid<const float> reference,
                             const std::optional<Luma>& luma, const std::vector<Candidates>& candidates,
                             const CostTables& tables, const Price& price, Shapes shapes, int threads);

// Write the costs of all whole blocks of one shape, without maps, row by row.
void shape_costs(Grid<const float> pixels, int log2_height, int log2_width, const CostTables& tables,
                 const Price& price, Grid<float> costs);

}  // namespace selfsame::pifs
