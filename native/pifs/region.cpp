#include "pifs/region.hpp"

#include <algorithm>

#include "pifs/attractor.hpp"

namespace selfsame::pifs {

void fill_owners(Row<const Block> blocks, Grid<std::int32_t> owners) {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const auto& [y, x, lh, lw] = blocks[i];
        const auto part = owners.part(y >> kMinLog2, x >> kMinLog2, std::size_t(1) << (lh - kMinLog2),
                                      std::size_t(1) << (lw - kMinLog2));
        for (std::size_t row = 0; row < part.height(); ++row) {
            std::ranges::fill(part.row(row), static_cast<std::int32_t>(i));
        }
    }
}

bool tiles(Row<const Block> blocks, std::size_t height, std::size_t width) {
    std::vector<std::uint8_t> covered(height * width);
    std::size_t count = 0;
    for (const auto& [y, x, lh, lw] : blocks) {
        const auto part = Grid(covered.data(), height, width)
                              .part(y >> kMinLog2, x >> kMinLog2, std::size_t(1) << (lh - kMinLog2),
                                    std::size_t(1) << (lw - kMinLog2));
        for (std::size_t row = 0; row < part.height(); ++row) {
            for (std::uint8_t& cell : part.row(row)) {
                if (cell++) {
                    return false;
                }
            }
        }
        count += part.height() * part.width();
    }
    return count == covered.size();
}

std::vector<std::int32_t> depths(Row<const Block> blocks, Row<const Map> maps,
                                 Grid<const std::int32_t> owners, Grid<const std::uint8_t> cells,
                                 int iterations) {
    std::vector<std::int32_t> depth(blocks.size(), -1);
    std::vector<std::int32_t> front;  // breadth first
    const auto reach = [&](std::int32_t block, std::int32_t steps) {
        check(static_cast<std::size_t>(block) < depth.size());
        if (depth[block] < 0) {
            depth[block] = steps;
            front.push_back(block);
        }
    };
    for (std::size_t y = 0; y < cells.height(); ++y) {
        for (std::size_t x = 0; x < cells.width(); ++x) {
            if (cells(y, x)) {
                reach(owners(y, x), 0);
            }
        }
    }
    for (std::size_t done = 0; done < front.size(); ++done) {
        const std::int32_t i = front[done];
        const auto& [kind, top, left, isometry, scale] = maps[i];
        if (!feeds_back(maps[i]) || depth[i] == iterations) {
            continue;
        }
        const int last = (contraction(kind) << blocks[i].log2_height) - 1;
        for (int y = top >> kMinLog2; y <= (top + last) >> kMinLog2; ++y) {
            for (int x = left >> kMinLog2; x <= (left + last) >> kMinLog2; ++x) {
                reach(owners(y, x), depth[i] + 1);
            }
        }
    }
    return depth;
}

}  // namespace selfsame::pifs
