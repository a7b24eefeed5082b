// Rows of square blocks: the averaging that contracts a domain, and its isometries.
#pragma once

#include <cstddef>

#include "core/grid.hpp"

namespace selfsame {

// An isometry of the square is a number of three bits. Pixel (i, j) of the moved block is pixel (u, v)
// of the block, where (u, v) = (i, j), the two exchanged if kTranspose is set, then u mirrored if
// kMirrorRows is, then v if kMirrorColumns is.
inline constexpr int kMirrorColumns = 1, kMirrorRows = 2, kTranspose = 4, kIsometries = 8;

// Fill n numbers, n a multiple of 4, with averages over k × k pixels of `source`, k = 1, 2 or 4, of which
// the first begins at (y, x); return their sum.
inline float pool_row(Grid<const float> source, std::size_t y, std::size_t x, int k, int n, float* row) {
    check((k == 1 || k == 2 || k == 4) && n % 4 == 0);
    const auto part = source.part(y, x, k, std::size_t(k) * n);
    if (k == 1) {
        const float* pixels = part.row(0).data();
        for (int j = 0; j < n; ++j) {
            row[j] = pixels[j];
        }
    } else if (k == 2) {
        const float *above = part.row(0).data(), *below = part.row(1).data();
        for (int j = 0; j < n; ++j) {
            row[j] = 0.25f * ((above[2 * j] + above[2 * j + 1]) + (below[2 * j] + below[2 * j + 1]));
        }
    } else {
        for (int j = 0; j < n; ++j) {
            float sum = 0;
            for (int a = 0; a < 4; ++a) {
                const float* pixels = part.row(a).data() + 4 * j;
                sum += (pixels[0] + pixels[1]) + (pixels[2] + pixels[3]);
            }
            row[j] = 0.0625f * sum;
        }
    }
    float lanes[4] = {};
    for (int j = 0; j < n; j += 4) {
        for (int lane = 0; lane < 4; ++lane) {
            lanes[lane] += row[j + lane];
        }
    }
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// Write row u of an n × n block to where an isometry moves it in `out`.
inline void put_row(const float* row, int u, int isometry, Grid<float> out) {
    const int last = static_cast<int>(out.height()) - 1;
    const int i = isometry & kMirrorRows ? last - u : u;
    const bool is_mirrored = isometry & kMirrorColumns;
    if (isometry & kTranspose) {
        for (int j = 0; j <= last; ++j) {
            out(is_mirrored ? last - j : j, i) = row[j];
        }
    } else {
        float* target = out.row(i).data();
        for (int j = 0; j <= last; ++j) {
            target[is_mirrored ? last - j : j] = row[j];
        }
    }
}

}  // namespace selfsame
