// The part of a plane on which a rectangle of its attractor depends.
#pragma once

#include <vector>

#include "core/grid.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

// Write the number of the block that holds each cell of 4 × 4 pixels; cells of none are left.
void fill_owners(Row<const Block> blocks, Grid<std::int32_t> owners);

// Whether blocks, which lie within a plane of so many cells, cover each of them once.
bool tiles(Row<const Block> blocks, std::size_t height, std::size_t width);

// After how many steps along the maps each block is reached from the cells that are not 0, up to
// `iterations`, or -1.
std::vector<std::int32_t> depths(Row<const Block> blocks, Row<const Map> maps,
                                 Grid<const std::int32_t> owners, Grid<const std::uint8_t> cells,
                                 int iterations);

}  // namespace selfsame::pifs
