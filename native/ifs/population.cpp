#include "ifs/population.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/clones.hpp"
#include "ifs/cells.hpp"

namespace selfsame::ifs {

namespace {

constexpr std::size_t kBlock = 16;  // points that the inner loops take at once; buffers are padded by it

// So many points in whole blocks, for the loops' scalar tails cost more than the rest of a block.
constexpr std::size_t whole_blocks(std::size_t count) { return (count + kBlock - 1) / kBlock * kBlock; }

Point image(const PlanarMap& map, const Point& point) {
    const auto& [a00, a01, a10, a11, b0, b1] = map;
    return {a00 * point.x + (a01 * point.y + b0), a10 * point.x + (a11 * point.y + b1)};
}

// Apply a map to whole blocks of points.
SELFSAME_CLONES
void apply(const PlanarMap map, const Point* before, std::size_t count, Point* after) {
    for (std::size_t k = 0; k < count; ++k) {
        after[k] = image(map, before[k]);
    }
}

// Note each point's histogram cell. GCC 12 would compute the images twice, were this part of the loop above.
SELFSAME_CLONES
void note(const Point* points, std::size_t count, const Frame& frame, std::uint32_t* cells) {
    const auto [stride, right, bottom] = frame;
    for (std::size_t k = 0; k < count; ++k) {
        auto [u, v] = points[k];
        // Comparisons with NaN are false, so NaN goes to the border cell 0.
        u = u > 0 ? u : 0;
        u = u < right ? u : right;
        v = v > 0 ? v : 0;
        v = v < bottom ? v : bottom;
        cells[k] = static_cast<std::uint32_t>(static_cast<std::int32_t>(v) * stride + static_cast<std::int32_t>(u));
    }
}

// Its bits are counted by an instruction where there is one.
SELFSAME_CLONES
void draw_counts(Stream& stream, std::int64_t n, Row<const std::uint64_t> tree, Row<std::int64_t> counts) {
    stream.multinomial(n, tree, counts);
}

// Checking all of them together leaves the loop that counts them without a branch.
SELFSAME_CLONES
bool lie_below(std::size_t end, const std::uint32_t* cells, std::size_t count) {
    std::uint32_t largest = 0;
    for (std::size_t k = 0; k < count; ++k) {
        largest = std::max(largest, cells[k]);
    }
    return largest < end;
}

// Bits are shifted by an instruction where there is one.
SELFSAME_CLONES
void set_bits(Row<const std::uint32_t> cells, std::uint8_t* bits) {
    for (const std::uint32_t cell : cells) {
        bits[cell >> 3] = static_cast<std::uint8_t>(bits[cell >> 3] | 1u << (cell & 7));
    }
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
    const std::size_t few = ancestors_.size();
    std::fill_n(points_.begin(), few, start);
    for (int t = 0; t < burn_in; ++t) {
        move(ancestors_, game, stream);
    }
    for (std::size_t k = few; k < field_.size(); ++k) {
        points_[k] = points_[k - few];
    }
    for (int t = 0; t < parting_steps; ++t) {
        move(game, stream);
    }
}

void Population::step(std::size_t n, const Game& game, const Frame& frame, Stream& stream) {
    deal(field_, n, game, stream, [&](const PlanarMap& map, std::size_t first, std::size_t count) {
        apply(map, &shuffled_[first], count, &points_[first]);
    });
    note(points_.data(), whole_blocks(n), frame, cells_.data());
    if (game.is_on_cells) {
        center(&points_.front().x, 2 * n);
    }
}

void Population::pass(std::size_t n, const Game& game, const Frame& frame, Stream& stream) {
    images_.resize(points_.size());
    deal(field_, n, game, stream, [&](const PlanarMap& map, std::size_t first, std::size_t count) {
        apply(map, &shuffled_[first], count, &images_[first]);
    });
    note(images_.data(), whole_blocks(n), frame, cells_.data());
}

void Population::move(const Field& field, const Game& game, Stream& stream) {
    deal(field, field.size(), game, stream, [&](const PlanarMap& map, std::size_t first, std::size_t count) {
        apply(map, &shuffled_[first], count, &points_[first]);
    });
    if (game.is_on_cells) {
        center(&points_.front().x, 2 * field.size());
    }
}

void Population::sample(Stream& stream, Row<Point> out) {
    check(out.size() <= field_.size());
    // Points lie sorted by map; a further permutation undoes that.
    shuffle(field_, stream);
    std::copy_n(shuffled_.begin(), out.size(), out.begin());
}

void Population::shuffle(const Field& field, Stream& stream) {
    permutation_.draw(field, stream);
    permutation_.shuffle<Point>({points_.data(), field.size()}, {shuffled_.data(), field.size()});
}

template <typename Apply>
void Population::deal(const Field& field, std::size_t n, const Game& game, Stream& stream, const Apply& apply) {
    check(n <= field.size() && game.maps.size() <= game.tree.size() && 2 * game.tree.size() <= counts_.size());
    shuffle(field, stream);
    const std::size_t leaves = game.tree.size();
    dispatched(draw_counts)(stream, static_cast<std::int64_t>(n), game.tree, {counts_.data(), 2 * leaves});
    std::size_t begin = 0;
    for (std::size_t i = 0; i < game.maps.size(); ++i) {
        const auto count = static_cast<std::size_t>(counts_[leaves + i]);
        // What lies beyond the last block is overwritten by the next map, or falls into the padding.
        apply(game.maps[i], begin, whole_blocks(count));
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

void plot(Row<const std::uint32_t> cells, Row<std::uint32_t> counts) {
    check(lie_below(counts.size(), cells.data(), cells.size()));
    std::uint32_t* count = counts.data();
    for (const std::uint32_t cell : cells) {
        ++count[cell];
    }
}

void plot(Row<const std::uint32_t> cells, Row<std::uint8_t> bits) {
    check(lie_below(8 * bits.size(), cells.data(), cells.size()));
    set_bits(cells, bits.data());
}

void unpack(Row<const std::uint8_t> bits, Row<std::uint8_t> cells) {
    using Eight = std::array<std::uint8_t, 8>;
    constexpr auto kEights = [] {
        std::array<Eight, 256> eights{};
        for (std::size_t byte = 0; byte < eights.size(); ++byte) {
            for (std::size_t k = 0; k < 8; ++k) {
                eights[byte][k] = byte >> k & 1;
            }
        }
        return eights;
    }();
    check(bits.size() == bytes_of_bits(cells.size()));
    const std::size_t whole = cells.size() / 8;
    for (std::size_t k = 0; k < whole; ++k) {
        std::memcpy(cells.data() + 8 * k, kEights[bits.data()[k]].data(), 8);
    }
    for (std::size_t cell = 8 * whole; cell < cells.size(); ++cell) {
        cells[cell] = bits[whole] >> (cell % 8) & 1;
    }
}

}  // namespace selfsame::ifs
