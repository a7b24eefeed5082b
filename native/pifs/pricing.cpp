#include "pifs/pricing.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "coding/numbers.hpp"
#include "core/bounded.hpp"
#include "core/clones.hpp"

namespace selfsame::pifs {

namespace {

constexpr float kDeadZone = 0.6f;  // no level is chosen for less, in steps
constexpr double kNever = 1e30;

// Places of a shape's coefficients in the scan, row by row.
struct Ranks {
    std::array<std::array<std::vector<std::int32_t>, kMaxLog2 + 1>, kMaxLog2 + 1> by_shape;

    Ranks() {
        for (int lh = kMinLog2; lh <= kMaxLog2; ++lh) {
            for (int lw = std::max(kMinLog2, lh - 1); lw <= std::min(kMaxLog2, lh + 1); ++lw) {
                auto& ranks = by_shape[lh][lw];
                ranks.resize(1 << (lh + lw));
                const auto places = scan(lh, lw);
                for (std::size_t i = 0; i < places.size(); ++i) {
                    ranks[(places[i].v << lw) + places[i].u] = static_cast<std::int32_t>(i);
                }
            }
        }
    }
};

const std::int32_t* ranks(int log2_height, int log2_width) {
    static const Ranks made;
    return made.by_shape[log2_height][log2_width].data();
}

// Bits of a level of at least 1, its sign included, behind the decision that it is not 0.
double bits_of(std::int64_t level, const CostTables::Steps& bits) {
    double spent = 1;
    if (level > 1) {
        spent += bits[1][1];
    }
    if (level > 2) {
        spent += bits[2][1] + static_cast<float>(std::min<std::int64_t>(level - 3, kMaxUnary - 3)) * bits[3][1];
    }
    return level >= kMaxUnary ? spent + 2 * std::log2(static_cast<double>(level - kMaxUnary + 2))
                           : spent + bits[std::min<std::int64_t>(level, 3)][0];
}

// Energy of all coefficients but the first, and the last in the scan that may be chosen not to be 0.
struct Extent {
    float energy;
    int last;
};

SELFSAME_CLONES
Extent extent_of(const float* coefficients, std::size_t stride, int height, int width, float inverse_step,
                 int limit, const std::int32_t* rank) {
    constexpr int kLanes = 4;
    float energy[kLanes] = {};
    std::int32_t last[kLanes] = {};
    for (int v = 0; v < height; ++v) {
        const float* row = coefficients + v * stride;
        for (int u = 0; u < width; u += kLanes) {
            for (int lane = 0; lane < kLanes; ++lane) {
                const float value = row[u + lane] * inverse_step;
                const std::int32_t position = rank[v * width + u + lane];
                energy[lane] += value * value;
                const bool is_large = std::abs(value) > kDeadZone && position <= limit;
                last[lane] = std::max(last[lane], is_large ? position : 0);
            }
        }
    }
    const float first = coefficients[0] * inverse_step;
    return {(energy[0] + energy[1]) + (energy[2] + energy[3]) - first * first,
            std::max({last[0], last[1], last[2], last[3]})};
}

}  // namespace

CostTables::CostTables(Row<const std::uint32_t> slots, int chroma) : slots_(slots), chroma_(chroma) {
    for (int band = 0; band < kBands; ++band) {
        for (int size = 0; size < kSizes; ++size) {
            for (int around = 0; around < kTemplates; ++around) {
                for (int step = 0; step < kSteps; ++step) {
                    const std::uint32_t slot =
                        kSlots.level[1] + step * kSlots.level_strides[1] +
                        ((chroma * kBands + band) * kSizes + size) * kTemplates + around;
                    levels[band][size][around][step] = {zero(slot), one(slot)};
                }
            }
        }
    }
    for (int h = 0; h < kSizes; ++h) {
        for (int w = 0; w < kSizes; ++w) {
            set_unary(kSlots.last_mapped + ((chroma * kSizes + h) * kSizes + w) * kKinds * coding::kLengths,
                      lasts[h][w]);
        }
    }
    for (int area = 0; area < 2 * kSizes; ++area) {
        set_unary(kSlots.mean_size + (chroma * 2 * kSizes + area) * coding::kLengths, means[area]);
    }
    // Between a neighbourhood without maps and one full of them.
    const std::uint32_t flag = kSlots.map_kind_neighbours + chroma * kKinds * kKinds;
    none_ = (one(flag) + one(flag + kKinds + 1)) / 2;
}

void CostTables::set_unary(std::uint32_t base, std::array<float, coding::kLengths>& bits) const {
    float more = 0;
    for (int k = 0; k < coding::kLengths; ++k) {
        bits[k] = more + zero(base + k) + static_cast<float>(std::max(k - 1, 0));
        more += one(base + k);
    }
}

float CostTables::map_bits(const Map& map, int y, int x, int log2) const {
    const int kind = map.kind, s = log2 - kMinLog2;
    const auto flag = [&](int k) {
        return kSlots.map_kind_neighbours + (k * 2 + chroma_) * kKinds * kKinds;
    };
    float bits = (zero(flag(0)) + zero(flag(0) + kKinds + 1)) / 2 + 1;  // and a sign
    for (int k = 1; k < kind; ++k) {
        bits += zero(flag(k));
    }
    if (kind < kLuma) {
        bits += one(flag(kind));
    }
    const auto unary = [&](std::uint32_t base, int count) {
        float sum = zero(base + count);
        for (int i = 0; i < count; ++i) {
            sum += one(base + i);
        }
        return sum;
    };
    bits += unary(kSlots.scale_size + (kind * kSizes + s) * 16, std::abs(map.scale));
    if (kind == kLuma) {
        return bits;
    }
    bits += 3;  // the isometry
    const int centring = ((contraction(kind) - 1) << log2) >> 1;
    for (int axis = 0; axis < 2; ++axis) {
        const int offset = axis ? map.domain_x - x : map.domain_y - y;
        const int length = coding::bit_length(std::abs(offset + centring));
        bits += 1 + unary(kSlots.offset_length + (axis * kSizes + s) * coding::kLengths, length);
        // A low bit that is always the same, as on a coarse grid, costs next to nothing.
        for (int k = 0; k < length - 1; ++k) {
            const std::uint32_t low = kSlots.offset_low + axis * coding::kLengths + k;
            bits += std::min({1.0f, zero(low), one(low)});
        }
    }
    return bits;
}

float block_cost(const float* coefficients, std::size_t stride, int log2_height, int log2_width,
                 float border, const CostTables& tables, const Price& price, Magnitudes& magnitudes) {
    const int area = log2_height + log2_width - 2 * kMinLog2;
    const int size = std::max(log2_height, log2_width) - kMinLog2;
    const float root = static_cast<float>(std::exp2(0.5 * (log2_height + log2_width)));
    const float scaled = coefficients[0] * price.inverse_step;
    const float first = std::rint(scaled);
    const auto distance = static_cast<std::uint32_t>(bounded<double>(
        std::abs(first - std::rint(border * root * price.inverse_step)), 0, coding::kMostNumber));
    const int length = coding::bit_length(distance);
    const double cost = (scaled - first) * (scaled - first) +
                        price.of_bit * (tables.means[area][length] + (length ? 1 : 0));
    const auto [energy, last] =
        extent_of(coefficients, stride, 1 << log2_height, 1 << log2_width, price.inverse_step,
                  price.last, ranks(log2_height, log2_width));
    const auto& lasts = tables.lasts[log2_height - kMinLog2][log2_width - kMinLog2];
    double least = price.of_bit * lasts[0];
    if (last == 0) {
        return static_cast<float>(cost + energy + least);
    }
    const auto places = scan(log2_height, log2_width);
    double running = 0, best_gain = kNever;
    for (int position = last; position > 0; --position) {
        const auto [v, u, band] = places.data()[position];
        const float value =
            bounded<float>(std::abs(coefficients[v * stride + u] * price.inverse_step), 0, kMaxLevel);
        const std::int32_t total = 2 * (magnitudes.at(v, u + 1) + magnitudes.at(v + 1, u)) +
                                   magnitudes.at(v + 1, u + 1) + magnitudes.at(v, u + 2) +
                                   magnitudes.at(v + 2, u);
        const auto& bits = tables.levels[band][size][template_class((total + 1) >> 1)];
        const auto high = static_cast<std::int64_t>(value + 0.5f);
        std::int64_t best = 0;
        double best_cost = value * value + price.of_bit * bits[0][0];
        if (high > 0) {
            double alone = kNever;
            for (std::int64_t level = std::max<std::int64_t>(high - 1, 1); level <= high; ++level) {
                const double error = value - static_cast<double>(level);
                const double this_cost = error * error + price.of_bit * bits_of(level, bits);
                alone = std::min(alone, this_cost);
                if (this_cost + price.of_bit * bits[0][1] < best_cost) {
                    best = level;
                    best_cost = this_cost + price.of_bit * bits[0][1];
                }
            }
            if (best > 0) {
                // As the last one, a coefficient needs no decision whether it is zero.
                best_gain = std::min(best_gain, alone - best_cost - running +
                                                    price.of_bit * lasts[coding::bit_length(position)]);
            }
        }
        magnitudes.at(v, u) = static_cast<std::int32_t>(best);
        running += best_cost - value * value;
    }
    magnitudes.clear(places, last);
    return static_cast<float>(cost + energy + std::min(least, running + best_gain));
}

}  // namespace selfsame::pifs
