#include "ifs/population.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/clones.hpp"

namespace selfsame::ifs {

namespace {

constexpr std::size_t kBlock = 32;  // points that the inner loop takes at once; buffers are padded by it

// shuffled[k] = points[permutation(k)].
void shuffle(const Point* points, const Permutation& permutation, std::size_t size, Point* shuffled) {
    const std::uint32_t* low = permutation.low();
    for (std::size_t h = 0; h < size / 16; ++h) {
        const std::uint32_t base = permutation.base(h);
        for (int k = 0; k < 16; ++k) {
            shuffled[16 * h + k] = points[low[k] ^ base];
        }
    }
}

// Apply a map to whole blocks of points, and note each image's histogram cell.
SELFSAME_CLONES
void apply(const Point* before, std::size_t count, const PlanarMap& map, const Frame& frame, Point* after,
           std::int32_t* cells) {
    const auto [a00, a01, a10, a11, b0, b1] = map;
    const auto [stride, right, bottom] = frame;
    for (std::size_t k = 0; k < count; ++k) {
        const float x = before[k].x, y = before[k].y;
        float u = a00 * x + (a01 * y + b0);
        float v = a10 * x + (a11 * y + b1);
        after[k] = {u, v};
        // Comparisons with NaN are false, so NaN goes to the border cell 0.
        u = u > 0 ? u : 0;
        u = u < right ? u : right;
        v = v > 0 ? v : 0;
        v = v < bottom ? v : bottom;
        cells[k] = static_cast<std::int32_t>(v) * stride + static_cast<std::int32_t>(u);
    }
}

// Its bits are counted by an instruction where there is one.
SELFSAME_CLONES
void draw_counts(Stream& stream, std::int64_t n, Row<const std::uint64_t> tree, Row<std::int64_t> counts) {
    stream.multinomial(n, tree, counts);
}

}  // namespace

Population::Population(const Field& field, const Field& ancestors, std::size_t leaves)
    : field_(field),
      ancestors_(ancestors),
      points_(field.size() + kBlock),
      shuffled_(field.size() + kBlock),
      cells_(field.size() + kBlock),
      permutation_(field.size()),
      counts_(2 * leaves) {
    check(ancestors.m <= field.m && ancestors.m >= 4 && field.m < 31);
}

void Population::settle(Point start, int burn_in, int parting_steps, const Game& game, Stream& stream) {
    const Frame nowhere{0, 1, 1};
    const std::size_t few = ancestors_.size();
    const auto multiply = [&] {
        for (std::size_t k = few; k < field_.size(); ++k) {
            points_[k] = points_[k - few];
        }
    };
    std::fill_n(points_.begin(), few, start);
    for (int t = 0; t < burn_in; ++t) {
        step(ancestors_, points_, few, game, nowhere, stream);
    }
    multiply();
    for (int t = 0; t < parting_steps; ++t) {
        step(field_, points_, field_.size(), game, nowhere, stream);
    }
}

void Population::step(const Field& field, std::vector<Point>& target, std::size_t n, const Game& game,
                      const Frame& frame, Stream& stream) {
    check(n <= field.size() && game.maps.size() <= game.tree.size() && 2 * game.tree.size() <= counts_.size());
    permutation_.draw(field, stream);
    shuffle(points_.data(), permutation_, field.size(), shuffled_.data());
    const std::size_t leaves = game.tree.size();
    dispatched(draw_counts)(stream, static_cast<std::int64_t>(n), game.tree, {counts_.data(), 2 * leaves});
    std::size_t begin = 0;
    for (std::size_t i = 0; i < game.maps.size(); ++i) {
        const auto count = static_cast<std::size_t>(counts_[leaves + i]);
        // Whole blocks, for the loop's scalar tail costs as much as two of them: what lies beyond is overwritten
        // by the next map, or falls into the padding.
        const std::size_t padded = (count + kBlock - 1) / kBlock * kBlock;
        apply(&shuffled_[begin], padded, game.maps[i], frame, &target[begin], &cells_[begin]);
        begin += count;
    }
}

double Population::lost() const {
    const auto end = points_.begin() + static_cast<std::ptrdiff_t>(field_.size());
    const auto lost = std::count_if(points_.begin(), end, [](const Point& point) {
        return !(std::isfinite(point.x) && std::isfinite(point.y));
    });
    return static_cast<double>(lost) / static_cast<double>(field_.size());
}

void plot(Row<const std::int32_t> cells, Row<std::uint32_t> counts) {
    for (const std::int32_t cell : cells) {
        ++counts[static_cast<std::uint32_t>(cell)];
    }
}

void plot(Row<const std::int32_t> cells, Row<std::uint8_t> bytes) {
    for (const std::int32_t cell : cells) {
        // Threads share the bytes: whoever writes, writes a 1.
        std::atomic_ref(bytes[static_cast<std::uint32_t>(cell)]).store(1, std::memory_order_relaxed);
    }
}

}  // namespace selfsame::ifs
