#include "pifs/contraction.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace selfsame::pifs {

namespace {

constexpr double kBound = 0.9;  // on the square of the spectral radius that the encoder leaves
constexpr int kPowers = 12;

// The blocks that each domain meets, one after the other.
struct Fed {
    std::vector<std::uint32_t> starts, blocks;

    Fed(Row<const Block> all, Row<const Map> maps, Grid<const std::int32_t> owners) : starts{0} {
        std::vector<std::size_t> seen(all.size(), all.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& [kind, top, left, isometry, scale] = maps[i];
            if (feeds_back(maps[i])) {
                const int last = (contraction(kind) << all[i].log2_height) - 1;
                for (int y = top >> kMinLog2; y <= (top + last) >> kMinLog2; ++y) {
                    for (int x = left >> kMinLog2; x <= (left + last) >> kMinLog2; ++x) {
                        const std::int32_t q = owners(y, x);
                        check(static_cast<std::size_t>(q) < seen.size());
                        if (seen[q] != i) {
                            seen[q] = i;
                            blocks.push_back(q);
                        }
                    }
                }
            }
            starts.push_back(static_cast<std::uint32_t>(blocks.size()));
        }
    }
};

std::vector<double> bounds_of(Row<const Map> maps, const Fed& fed) {
    std::vector<double> v(maps.size(), 1), image(maps.size()), ratio(maps.size());
    for (int power = 0; power < kPowers; ++power) {
        double largest = 0;
        for (std::size_t i = 0; i < maps.size(); ++i) {
            double total = 0;
            for (std::uint32_t j = fed.starts[i]; j < fed.starts[i + 1]; ++j) {
                total += v[fed.blocks[j]];
            }
            const double scale =
                feeds_back(maps[i]) ? maps[i].scale * kScaleStep / contraction(maps[i].kind) : 0;
            image[i] = scale * scale * total;
            ratio[i] = image[i] / v[i];
            largest = std::max(largest, image[i]);
        }
        // Blocks that nothing feeds back into keep a small positive share.
        for (std::size_t i = 0; i < maps.size(); ++i) {
            v[i] = std::max(image[i], 1e-6 * std::max(largest, 1e-300));
        }
    }
    return ratio;
}

}  // namespace

std::vector<double> contraction_bounds(Row<const Block> blocks, Row<const Map> maps,
                                       Grid<const std::int32_t> owners) {
    return bounds_of(maps, Fed(blocks, maps, owners));
}

void make_contractive(Row<const Block> blocks, Row<Map> maps, Grid<const std::int32_t> owners) {
    const Row<const Map> all(maps.data(), maps.size());
    if (std::ranges::none_of(all, feeds_back)) {
        return;
    }
    const Fed fed(blocks, all, owners);
    for (bool is_proved = false; !is_proved;) {
        is_proved = true;
        const auto bounds = bounds_of(all, fed);
        for (std::size_t i = 0; i < maps.size(); ++i) {
            Map& map = maps[i];
            if (feeds_back(map) && bounds[i] > kBound) {
                is_proved = false;
                map.scale -= map.scale > 0 ? 1 : -1;
                if (map.scale == 0) {
                    map = {};
                }
            }
        }
    }
}

}  // namespace selfsame::pifs
