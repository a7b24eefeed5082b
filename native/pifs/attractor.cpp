#include "pifs/attractor.hpp"

#include <algorithm>
#include <cmath>

#include "core/blocks.hpp"
#include "core/clones.hpp"
#include "core/fail.hpp"
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
void apply_map(Grid<const float> x, const Block& block, const Map& map, int scale,
               const std::optional<Luma>& luma, Grid<const float> b, Grid<float> out, float* row) {
    const bool is_luma = map.kind == kLuma;
    if (is_luma && !luma) {
        fail(Fault::kInput, "a map draws from luma, and there is none");
    }
    const int k = is_luma ? luma->ratio : contraction(map.kind);
    const auto& source = is_luma ? luma->values : x;
    const std::size_t step = std::size_t(is_luma ? luma->ratio : 1) * scale;
    const std::size_t top = (is_luma ? block.y : map.domain_y) * step;
    const std::size_t left = (is_luma ? block.x : map.domain_x) * step;
    const float s = static_cast<float>(map.scale) * kScaleStep;
    switch (out.height()) {
        case 4:
            apply_block<4>(source, top, left, k, map.isometry, s, b, out, row);
            break;
        case 8:
            apply_block<8>(source, top, left, k, map.isometry, s, b, out, row);
            break;
        default:
            apply_block<0>(source, top, left, k, map.isometry, s, b, out, row);
    }
}

std::size_t samples_of(Row<const Block> blocks, Row<const Map> maps, int scale) {
    std::size_t total = 0;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        const std::size_t side = std::size_t(scale) << blocks[i].log2_height;
        total += draws(maps[i]) ? side * side : 0;
    }
    return total;
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

MappedBlocks::MappedBlocks(Row<const Block> blocks, Row<const Map> maps, int scale,
                           const std::optional<Luma>& luma)
    : blocks_(blocks),
      maps_(maps),
      scale_(scale),
      luma_(luma),
      shares_{0},
      b_(samples_of(blocks, maps, scale)),
      next_(b_.size()) {
    std::size_t offset = 0, work = 0;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        if (draws(maps[i])) {
            const std::size_t k = contraction(maps[i].kind), side = std::size_t(scale) << blocks[i].log2_height;
            items_.push_back({static_cast<std::uint32_t>(i), offset});
            offset += side * side;
            work += side * side * (1 + k * k);
            if (work >= kShareSamples) {
                shares_.push_back(items_.size());
                work = 0;
            }
        }
    }
    shares_.push_back(items_.size());
}

void MappedBlocks::take(Grid<const float> b) {
    for (const Item& item : items_) {
        copy(place(b, item), aside(b_.data(), item));
    }
}

void MappedBlocks::apply(Grid<const float> x, int threads) {
    in_shares(threads, [&](std::size_t, Row<const Item> items) {
        std::vector<float> row(std::size_t(scale_) << kMaxLog2);
        for (const Item& item : items) {
            dispatched(apply_map)(x, blocks_[item.block], maps_[item.block], scale_, luma_,
                                  aside(b_.data(), item), aside(next_.data(), item), row.data());
        }
    });
}

float MappedBlocks::put(Grid<float> x, int threads) const {
    std::vector<float> changes(shares_.size());
    in_shares(threads, [&](std::size_t share, Row<const Item> items) {
        float change = 0;
        for (const Item& item : items) {
            const auto from = aside(next_.data(), item);
            const auto to = place(x, item);
            for (std::size_t i = 0; i < to.height(); ++i) {
                const float* values = from.row(i).data();
                float* target = to.row(i).data();
                for (std::size_t j = 0; j < to.width(); ++j) {
                    change = std::max(change, std::abs(values[j] - target[j]));
                    target[j] = values[j];
                }
            }
        }
        changes[share] = change;
    });
    return *std::ranges::max_element(changes);
}

void MappedBlocks::subtract_from(Grid<float> x, int threads) const {
    in_shares(threads, [&](std::size_t, Row<const Item> items) {
        for (const Item& item : items) {
            const auto from = aside(next_.data(), item);
            const auto to = place(x, item);
            for (std::size_t i = 0; i < to.height(); ++i) {
                const float* values = from.row(i).data();
                float* target = to.row(i).data();
                for (std::size_t j = 0; j < to.width(); ++j) {
                    target[j] -= values[j];
                }
            }
        }
    });
}

template <typename T>
Grid<T> MappedBlocks::place(Grid<T> plane, const Item& item) const {
    const Block& block = blocks_[item.block];
    const std::size_t n = std::size_t(scale_) << block.log2_height;
    return plane.part(std::size_t(block.y) * scale_, std::size_t(block.x) * scale_, n, n);
}

template <typename T>
Grid<T> MappedBlocks::aside(T* samples, const Item& item) const {
    const std::size_t n = std::size_t(scale_) << blocks_[item.block].log2_height;
    return {samples + item.offset, n, n};
}

template <typename Work>
void MappedBlocks::in_shares(int threads, const Work& work) const {
    const Row<const Item> all(items_.data(), items_.size());
    parallel_for(threads, shares_.size() - 1, [&](std::size_t share) {
        work(share, all.part(shares_[share], shares_[share + 1] - shares_[share]));
    });
}

void iterate(Grid<float> x, Row<const Block> blocks, Row<const Map> maps, int scale,
             const std::optional<Luma>& luma, const std::optional<Grid<const float>>& start, int count,
             int threads) {
    const bool is_fed_back = std::ranges::any_of(maps, feeds_back);
    count = is_fed_back ? count : std::min(count, 1);
    if (count < 1) {
        if (start) {
            copy(*start, x);
        }
        return;
    }
    MappedBlocks mapped(blocks, maps, scale, luma);
    mapped.take(x);
    for (int i = 0; i < count && !mapped.empty(); ++i) {
        mapped.apply(i == 0 && start ? *start : x, threads);
        mapped.put(x, threads);
    }
}

int settle(Grid<float> x, Row<const Block> blocks, Row<const Map> maps, const std::optional<Luma>& luma,
           int threads) {
    MappedBlocks mapped(blocks, maps, 1, luma);
    if (mapped.empty()) {
        return 0;
    }
    const bool is_fed_back = std::ranges::any_of(maps, feeds_back);
    mapped.take(x);
    for (int count = 1;; ++count) {
        mapped.apply(x, threads);
        const float change = mapped.put(x, threads);
        if (change <= kSettled || !is_fed_back || count == kMaxIterations) {
            return count;
        }
    }
}

}  // namespace selfsame::pifs
