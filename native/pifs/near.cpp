#include "pifs/near.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/clones.hpp"
#include "core/parallel.hpp"

namespace selfsame::pifs {

namespace {

constexpr int kGrid = 2;  // distance of the domains, in pixels
constexpr float kFlat = 0.01f;
constexpr float kLargestScale = kMaxScaleIndex * kScaleStep;

// What is compared of a domain and a block.
struct Sums {
    float total, energy, product;
};

// Sums over the contracted domain at (top, left) of a plane pooled 2 × 2 at every pixel, and its product
// with a block, of mean 0, of side n.
inline Sums sums_of(Grid<const float> pooled, std::size_t top, std::size_t left, const float* block, int n) {
    constexpr int kLanes = 4;
    float total[kLanes] = {}, energy[kLanes] = {}, product[kLanes] = {};
    for (int i = 0; i < n; ++i) {
        const float* row = pooled.row(top + 2 * i).part(left, 2 * n - 1).data();
        for (int j = 0; j < n; j += kLanes) {
            for (int lane = 0; lane < kLanes; ++lane) {
                const float value = row[2 * (j + lane)];
                total[lane] += value;
                energy[lane] += value * value;
                product[lane] += value * block[i * n + j + lane];
            }
        }
    }
    const auto sum = [](const float* lanes) { return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]); };
    return {sum(total), sum(energy), sum(product)};
}

SELFSAME_CLONES
void search_row(Grid<const float> ranges, Grid<const float> pooled, int log2, int reach, float bit_price,
                std::size_t row, Row<Map> maps) {
    const int n = 1 << log2, height = static_cast<int>(ranges.height()),
              width = static_cast<int>(ranges.width());
    const float pixels = static_cast<float>(n * n);
    std::vector<float> block(n * n);
    const auto bits = [=](int offset) {
        return 2 * std::log2(1 + static_cast<float>(std::abs(offset))) * bit_price;
    };
    // No domain lies farther away.
    const int most = std::min(reach, std::max(height, width)) / kGrid * kGrid, y = static_cast<int>(row) * n;
    for (std::size_t column = 0; column < maps.size(); ++column) {
        const int x = static_cast<int>(column) * n;
        float mean = 0;
        for (int i = 0; i < n; ++i) {
            const auto line = ranges.row(y + i).part(x, n);
            std::ranges::copy(line, &block[i * n]);
            for (const float pixel : line) {
                mean += pixel;
            }
        }
        mean /= pixels;
        for (float& pixel : block) {
            pixel -= mean;
        }
        float best = 0;
        for (int down = -most; down <= most; down += kGrid) {
            const int top = y - n / 2 + down;
            if (top < 0 || top + 2 * n > height) {
                continue;
            }
            for (int across = -most; across <= most; across += kGrid) {
                const int left = x - n / 2 + across;
                if (left < 0 || left + 2 * n > width) {
                    continue;
                }
                auto [total, energy, product] = sums_of(pooled, top, left, block.data(), n);
                energy -= total * total / pixels;
                if (energy <= kFlat * pixels) {
                    continue;
                }
                const float scale = std::clamp(product / energy, -kLargestScale, kLargestScale);
                const float gain =
                    scale * (2 * product - scale * energy) - bits(down) - bits(across);
                if (gain > best) {
                    best = gain;
                    maps[column] = {kHalf, top, left, 0, 0};
                }
            }
        }
    }
}

}  // namespace

std::vector<Map> near_maps(Grid<const float> ranges, Grid<const float> domains, int log2, int reach,
                           double bit_price, int threads) {
    const std::size_t height = domains.height(), width = domains.width();
    std::vector<float> pooled(domains.data(), domains.data() + height * width);
    for (std::size_t y = 0; y + 1 < height; ++y) {
        const auto above = domains.row(y), below = domains.row(y + 1);
        for (std::size_t x = 0; x + 1 < width; ++x) {
            pooled[y * width + x] = ((above[x] + above[x + 1]) + (below[x] + below[x + 1])) / 4;
        }
    }
    const std::size_t rows = ranges.height() >> log2, columns = ranges.width() >> log2;
    std::vector<Map> maps(rows * columns);
    const Row<Map> all(maps.data(), maps.size());
    const Grid<const float> grid(pooled.data(), height, width);
    parallel_for(threads, rows, [&](std::size_t row) {
        dispatched(search_row)(ranges, grid, log2, reach, static_cast<float>(bit_price), row,
                               all.part(row * columns, columns));
    });
    return maps;
}

}  // namespace selfsame::pifs
