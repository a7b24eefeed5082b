// Blocks and maps of block codes as arrays.
#pragma once

#include "pifs/attractor.hpp"
#include "python/arrays.hpp"

namespace selfsame::python {

using Ints = Array<std::int32_t, 2>;
using Floats = Array<float, 2>;

inline bool is_log2(int log2) { return pifs::kMinLog2 <= log2 && log2 <= pifs::kMaxLog2; }

// Blocks of a plane of so many pixels.
inline Row<const pifs::Block> blocks_of(const Ints& blocks, std::size_t height, std::size_t width) {
    const auto rows = structures<pifs::Block>(blocks);
    for (const auto& [y, x, lh, lw] : rows) {
        require(is_log2(lh) && is_log2(lw) && y >= 0 && x >= 0 && y % 4 == 0 && x % 4 == 0 &&
                    static_cast<std::size_t>(y) + (std::size_t(1) << lh) <= height &&
                    static_cast<std::size_t>(x) + (std::size_t(1) << lw) <= width,
                "a block lies outside of its plane");
    }
    return rows;
}

template <typename T>
Row<const pifs::Block> blocks_of(const Ints& blocks, const Array<T, 2>& plane) {
    return blocks_of(blocks, plane.shape(0), plane.shape(1));
}

// The maps of so many blocks; what domains they have is checked where they are read.
inline Row<const pifs::Map> maps_of(const Ints& maps, std::size_t count) {
    const auto rows = structures<pifs::Map>(maps);
    require(rows.size() == count, "maps are as many as blocks");
    return rows;
}

// The maps of blocks of a plane of so many pixels, as a code has them.
inline Row<const pifs::Map> sound_maps_of(const Ints& maps, Row<const pifs::Block> blocks, std::size_t height,
                                          std::size_t width) {
    const auto rows = maps_of(maps, blocks.size());
    require(pifs::are_sound(blocks, rows, height, width), "a map of no such kind, or a domain outside of its plane");
    return rows;
}

}  // namespace selfsame::python
