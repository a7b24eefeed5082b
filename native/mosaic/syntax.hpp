// The patches of a mosaic as a stream of binary decisions.
//
// First comes the tree, then patch by patch, in the order of the tree: of each channel mean and slopes;
// contrast; isometry. docs/file-format.md describes it. Nothing is learned beforehand: a mosaic has few
// numbers, but as many of each sort as it has patches.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "coding/range_coder.hpp"
#include "core/grid.hpp"

namespace selfsame::mosaic {

inline constexpr int kMaxLevels = 6, kMaxContrast = 127, kMaxSlope = 127, kMaxTint = 255;
inline constexpr int kMaxFinest = 1024;  // patches of the finest level along a side
inline constexpr int kChannels = 3;  // in the order of coding: green (or grey), red, blue

// Syntax elements that bits are counted by.
enum Element : int { kOfSplits, kOfMeans, kOfSlopes, kOfContrasts, kOfIsometries, kElements };

using Cell = std::array<std::int32_t, 3>;  // level, row, column, counted in patches of that level

// The patches of a mosaic; see MosaicCode. Numbers of channels stand side by side.
struct Patches {
    int grid, levels, tint, channels;
    std::vector<Cell> cells;
    std::vector<std::uint8_t> isometries, contrasts, means;
    std::vector<std::int8_t> slopes;  // to the right and down
};

// Fill patches, of which only the first four numbers are set; false if the stream is damaged.
bool read_patches(Row<const std::uint8_t> bytes, Patches& patches);

// What became of patches that were written, and bits by syntax element.
struct Written {
    std::vector<std::uint8_t> bytes;
    std::vector<double> spent;
};

// Nothing if the cells are no tree in its order, or a slope is beyond kMaxSlope.
std::optional<Written> write_patches(Patches patches);

}  // namespace selfsame::mosaic
