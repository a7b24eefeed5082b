// Patterns of 3 × 3 pixels that points stamp: nine bits row by row, of which a set bit (i, j) moves a point
// by (i - 1, j - 1).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace selfsame::ifs {

// Call put(y, x, from_y, from_x, count) for every row of every move of a pattern, as far as it stays within
// the picture: the `count` points from (from_y, from_x) on fall on the pixels from (y, x) on.
template <typename Put>
void for_moves(std::int64_t pattern, int height, int width, const Put& put) {
    for (int bit = 0; bit < 9; ++bit) {
        if (!(pattern >> bit & 1)) {
            continue;
        }
        const int down = bit / 3 - 1, across = bit % 3 - 1, x = std::max(0, across);
        for (int y = std::max(0, down); y < height + std::min(0, down); ++y) {
            put(y, x, y - down, x - across, width - std::abs(across));
        }
    }
}

}  // namespace selfsame::ifs
