#include "pifs/transform.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/clones.hpp"
#include "core/parallel.hpp"

namespace selfsame::pifs {

namespace {

constexpr std::size_t kShareBlocks = 512;

// Write one block, w samples wide: first the sums over the horizontal frequencies, row by row of
// levels, then those over the vertical ones. A width that the compiler knows unrolls the loops.
template <int kWidth>
inline void synthesise(Grid<const std::int32_t> levels, Box box, int log2_height, int log2_width,
                       float step, const Basis& basis, float* half, Grid<float> out) {
    const int height = static_cast<int>(out.height());
    const int width = kWidth ? kWidth : static_cast<int>(out.width());
    for (int k = 0; k < box.rows; ++k) {
        float* sums = half + static_cast<std::size_t>(k) * width;
        std::fill_n(sums, width, 0.0f);
        const Row<const std::int32_t> row = levels.row(k);
        for (int m = 0; m < box.columns; ++m) {
            if (row[m] != 0) {
                const float c = static_cast<float>(row[m]) * step;
                const float* wave = basis.wave(log2_width, m);
                for (int j = 0; j < width; ++j) {
                    sums[j] += c * wave[j];
                }
            }
        }
    }
    for (int i = 0; i < height; ++i) {
        float* result = out.row(i).data();
        std::fill_n(result, width, 0.0f);
        for (int k = 0; k < box.rows; ++k) {
            const float c = basis.wave(log2_height, k)[i];
            const float* sums = half + static_cast<std::size_t>(k) * width;
            for (int j = 0; j < width; ++j) {
                result[j] += c * sums[j];
            }
        }
        for (int j = 0; j < width; ++j) {
            result[j] = std::clamp(result[j], -kLimit, kLimit);
        }
    }
}

SELFSAME_CLONES
void synthesise_blocks(Grid<const std::int32_t> levels, Row<const Block> blocks, float step,
                       const Basis& basis, Grid<float> out) {
    const int scale = basis.scale();
    std::vector<float> half((std::size_t(scale) << kMaxLog2) << kMaxLog2);
    for (const auto& [y, x, lh, lw] : blocks) {
        const auto block = levels.part(y, x, 1 << lh, 1 << lw);
        const auto target = out.part(std::size_t(y) * scale, std::size_t(x) * scale,
                                     std::size_t(scale) << lh, std::size_t(scale) << lw);
        const Box box = level_box(block);
        if (box.rows <= 1 && box.columns <= 1) {
            const float mean = static_cast<float>(block(0, 0)) * step /
                               static_cast<float>(std::exp2(0.5 * (lh + lw)));
            for (std::size_t i = 0; i < target.height(); ++i) {
                std::fill_n(target.row(i).data(), target.width(), std::clamp(mean, -kLimit, kLimit));
            }
            continue;
        }
        switch (target.width()) {
            case 4:
                synthesise<4>(block, box, lh, lw, step, basis, half.data(), target);
                break;
            case 8:
                synthesise<8>(block, box, lh, lw, step, basis, half.data(), target);
                break;
            case 16:
                synthesise<16>(block, box, lh, lw, step, basis, half.data(), target);
                break;
            default:
                synthesise<0>(block, box, lh, lw, step, basis, half.data(), target);
        }
    }
}

}  // namespace

Basis::Basis(int scale) : scale_(scale), starts_{} {
    for (int log2 = kMinLog2; log2 <= kMaxLog2; ++log2) {
        starts_[log2] = table_.size();
        const int n = 1 << log2;
        for (int k = 0; k < n; ++k) {
            const double size = std::sqrt((k == 0 ? 1.0 : 2.0) / n);
            for (int i = 0; i < n * scale; ++i) {
                const double u = (i + 0.5) / scale - 0.5;
                table_.push_back(static_cast<float>(
                    size * std::cos(std::numbers::pi * (2 * u + 1) * k / (2 * n))));
            }
        }
    }
}

Box level_box(Grid<const std::int32_t> block) {
    Box box{0, 0};
    for (std::size_t i = 0; i < block.height(); ++i) {
        const auto row = block.row(i);
        const std::int32_t* values = row.data();
        int end = static_cast<int>(row.size());
        while (end > box.columns && values[end - 1] == 0) {
            --end;
        }
        const bool is_any = std::any_of(values, values + end, [](std::int32_t v) { return v != 0; });
        if (is_any) {
            box.rows = static_cast<int>(i) + 1;
            box.columns = std::max(box.columns, end);
        }
    }
    return box;
}

void inverse_dct(Grid<const std::int32_t> levels, Row<const Block> blocks, float step,
                 const Basis& basis, Grid<float> out, int threads) {
    const std::size_t shares = (blocks.size() + kShareBlocks - 1) / kShareBlocks;
    parallel_for(threads, shares, [&](std::size_t share) {
        const std::size_t first = share * kShareBlocks;
        const auto part = blocks.part(first, std::min(kShareBlocks, blocks.size() - first));
        dispatched(synthesise_blocks)(levels, part, step, basis, out);
    });
}

}  // namespace selfsame::pifs
