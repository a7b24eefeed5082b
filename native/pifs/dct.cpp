#include "pifs/dct.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

#include "core/clones.hpp"
#include "core/parallel.hpp"

namespace selfsame::pifs {

namespace {

constexpr int kLanes = 16;
constexpr std::size_t kShareBlocks = 256;

using Lanes = float[kLanes];

// Cosines of the odd frequencies on the first half of a side: row k, column i.
template <int kSide>
struct OddWaves {
    std::array<float, kSide * kSide / 4> values;

    OddWaves() {
        for (int k = 0; k < kSide / 2; ++k) {
            for (int i = 0; i < kSide / 2; ++i) {
                values[k * kSide / 2 + i] = static_cast<float>(
                    std::sqrt(2.0 / kSide) *
                    std::cos(std::numbers::pi * (2 * i + 1) * (2 * k + 1) / (2 * kSide)));
            }
        }
    }
};
template <int kSide>
const OddWaves<kSide> kOddWaves;

// Transform kSide numbers in each lane in place; `factor` comes from the halves above.
template <int kSide>
inline void transform(Lanes* x, float factor) {
    if constexpr (kSide == 1) {
        for (int lane = 0; lane < kLanes; ++lane) {
            x[0][lane] *= factor;
        }
    } else {
        constexpr int kHalf = kSide / 2;
        Lanes even[kHalf], odd[kHalf];
        for (int i = 0; i < kHalf; ++i) {
            for (int lane = 0; lane < kLanes; ++lane) {
                even[i][lane] = x[i][lane] + x[kSide - 1 - i][lane];
                odd[i][lane] = x[i][lane] - x[kSide - 1 - i][lane];
            }
        }
        transform<kHalf>(even, factor * std::numbers::sqrt2_v<float> / 2);
        const float* waves = kOddWaves<kSide>.values.data();
        for (int k = 0; k < kHalf; ++k) {
            Lanes sum = {};
            for (int i = 0; i < kHalf; ++i) {
                const float wave = waves[k * kHalf + i];
                for (int lane = 0; lane < kLanes; ++lane) {
                    sum[lane] += wave * odd[i][lane];
                }
            }
            for (int lane = 0; lane < kLanes; ++lane) {
                x[2 * k][lane] = even[k][lane];
                x[2 * k + 1][lane] = sum[lane] * factor;
            }
        }
    }
}

template <int kSide>
inline void transform_group(const float* in, float* out, int columns) {
    Lanes x[kSide];
    for (int first = 0; first < columns; first += kLanes) {
        for (int i = 0; i < kSide; ++i) {
            std::copy_n(in + i * kSuperblock + first, kLanes, x[i]);
        }
        transform<kSide>(x, 1);
        for (int i = 0; i < kSide; ++i) {
            std::copy_n(x[i], kLanes, out + i * kSuperblock + first);
        }
    }
}

// Transform `columns` columns, or up to 15 more, of 2^log2 rows.
SELFSAME_CLONES
void transform_rows(const float* in, int log2, float* out, int columns) {
    switch (log2) {
        case 2:
            return transform_group<4>(in, out, columns);
        case 3:
            return transform_group<8>(in, out, columns);
        case 4:
            return transform_group<16>(in, out, columns);
        case 5:
            return transform_group<32>(in, out, columns);
        case 6:
            return transform_group<64>(in, out, columns);
        default:
            check(false);
    }
}

}  // namespace

void transform_columns(const Tile& in, int log2, Tile& out) {
    for (int y = 0; y < kSuperblock; y += 1 << log2) {
        dispatched(transform_rows)(in.row(y), log2, out.row(y), kSuperblock);
    }
}

SELFSAME_CLONES
void transpose(const Tile& in, Tile& out) {
    constexpr int kPatch = 8;
    for (int top = 0; top < kSuperblock; top += kPatch) {
        for (int left = 0; left < kSuperblock; left += kPatch) {
            for (int y = top; y < top + kPatch; ++y) {
                for (int x = left; x < left + kPatch; ++x) {
                    out.values[x * kSuperblock + y] = in.values[y * kSuperblock + x];
                }
            }
        }
    }
}

void transform_block(Tile& block, int log2_height, int log2_width, Tile& scratch) {
    const int height = 1 << log2_height, width = 1 << log2_width;
    dispatched(transform_rows)(block.row(0), log2_height, block.row(0), width);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            scratch.row(x)[y] = block.row(y)[x];
        }
    }
    dispatched(transform_rows)(scratch.row(0), log2_width, scratch.row(0), height);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            block.row(y)[x] = scratch.row(x)[y];
        }
    }
}

void transform_blocks(Grid<float> plane, Row<const Block> blocks, float factor, int threads) {
    parallel_for(threads, (blocks.size() + kShareBlocks - 1) / kShareBlocks, [&](std::size_t share) {
        Tile block{}, scratch{};
        const std::size_t first = share * kShareBlocks;
        for (const auto& [y, x, lh, lw] :
             blocks.part(first, std::min(kShareBlocks, blocks.size() - first))) {
            const auto place = plane.part(y, x, 1 << lh, 1 << lw);
            for (int i = 0; i < 1 << lh; ++i) {
                std::ranges::copy(place.row(i), block.row(i));
            }
            transform_block(block, lh, lw, scratch);
            for (int i = 0; i < 1 << lh; ++i) {
                std::ranges::transform(std::span(block.row(i), 1 << lw), place.row(i).data(),
                                       [=](float value) { return value * factor; });
            }
        }
    });
}

}  // namespace selfsame::pifs
