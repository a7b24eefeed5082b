#include "pifs/attractor.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/blocks.hpp"
#include "core/clones.hpp"
#include "core/parallel.hpp"
#include "pifs/transform.hpp"

namespace selfsame::pifs {

namespace {

constexpr std::size_t kShareSamples = 1 << 17;  // read and written by one share of work, or more

// Write s · Z(T(P(domain))) + b to a block of `out`, n × n; the domain of side k · n begins at
// (top, left) of `source`, `row` is scratch. A side that the compiler knows unrolls the loops.
template <int kSide>
inline void apply_block(Grid<const float> source, std::size_t top, std::size_t left, int k, int isometry,
                        float s, Grid<const float> b, Grid<float> out, float* row) {
    const int n = kSide ? kSide : static_cast<int>(out.height());
    double total = 0;
    for (int u = 0; u < n; ++u) {
        total += pool_row(source, top + std::size_t(k) * u, left, k, n, row);
        put_row(row, u, isometry, out);
    }
    const float mean = static_cast<float>(total / (static_cast<double>(n) * n));
    for (int i = 0; i < n; ++i) {
        float* values = out.row(i).data();
        const float* added = b.row(i).data();
        for (int j = 0; j < n; ++j) {
            values[j] = std::clamp(s * (values[j] - mean) + added[j], -kLimit, kLimit);
        }
    }
}

SELFSAME_CLONES
void apply_share(Grid<const float> x, Grid<const float> b, Row<const Block> blocks, Row<const Map> maps,
                 Row<const std::uint32_t> mapped, int scale, Grid<const float> luma, int luma_ratio,
                 Grid<float> out) {
    std::vector<float> row(std::size_t(scale) << kMaxLog2);
    for (const std::uint32_t i : mapped) {
        const auto& [y, left, log2, log2_width] = blocks[i];
        const auto& [kind, domain_y, domain_x, isometry, index] = maps[i];
        const std::size_t n = std::size_t(scale) << log2;
        const std::size_t own_y = std::size_t(y) * scale, own_x = std::size_t(left) * scale;
        const auto own = b.part(own_y, own_x, n, n);
        const auto target = out.part(own_y, own_x, n, n);
        const bool is_luma = kind == kLuma;
        const int k = is_luma ? luma_ratio : contraction(kind);
        const auto& source = is_luma ? luma : x;
        const std::size_t top = is_luma ? own_y * luma_ratio : std::size_t(domain_y) * scale;
        const std::size_t side = is_luma ? own_x * luma_ratio : std::size_t(domain_x) * scale;
        const float s = static_cast<float>(index) * kScaleStep;
        switch (n) {
            case 4:
                apply_block<4>(source, top, side, k, isometry, s, own, target, row.data());
                break;
            case 8:
                apply_block<8>(source, top, side, k, isometry, s, own, target, row.data());
                break;
            default:
                apply_block<0>(source, top, side, k, isometry, s, own, target, row.data());
        }
    }
}

}  // namespace

bool are_sound(Row<const Block> blocks, Row<const Map> maps, std::size_t height, std::size_t width) {
    const auto is_within = [](std::int32_t start, std::size_t side, std::size_t limit) {
        return start >= 0 && side <= limit && static_cast<std::size_t>(start) <= limit - side;
    };
    for (std::size_t i = 0; i < maps.size(); ++i) {
        const auto& [kind, domain_y, domain_x, isometry, scale] = maps[i];
        if (kind < 0 || kind >= kKinds || isometry < 0 || isometry >= kIsometries || scale < -kMaxScaleIndex ||
            scale > kMaxScaleIndex || (draws(maps[i]) && blocks[i].log2_height != blocks[i].log2_width)) {
            return false;
        }
        const std::size_t side = static_cast<std::size_t>(contraction(kind)) << blocks[i].log2_height;
        if (feeds_back(maps[i]) && !(is_within(domain_y, side, height) && is_within(domain_x, side, width))) {
            return false;
        }
    }
    return true;
}

void apply_maps(Grid<const float> x, Grid<const float> b, Row<const Block> blocks, Row<const Map> maps,
                int scale, const std::optional<Luma>& luma, Grid<float> out, int threads) {
    std::vector<std::uint32_t> mapped;
    std::vector<std::size_t> starts = {0};
    std::size_t work = 0;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        if (draws(maps[i])) {
            const std::size_t k = contraction(maps[i].kind), side = std::size_t(scale) << blocks[i].log2_height;
            work += side * side * (1 + k * k);
            mapped.push_back(static_cast<std::uint32_t>(i));
            if (work >= kShareSamples) {
                starts.push_back(mapped.size());
                work = 0;
            }
        }
    }
    starts.push_back(mapped.size());
    const Row<const std::uint32_t> all(mapped.data(), mapped.size());
    parallel_for(threads, starts.size() - 1, [&](std::size_t share) {
        const auto part = all.part(starts[share], starts[share + 1] - starts[share]);
        dispatched(apply_share)(x, b, blocks, maps, part, scale, luma ? luma->values : Grid<const float>(),
                                luma ? luma->ratio : 1, out);
    });
}

}  // namespace selfsame::pifs
