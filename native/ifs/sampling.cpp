#include "ifs/sampling.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "core/bounded.hpp"
#include "core/clones.hpp"
#include "ifs/cells.hpp"
#include "ifs/population.hpp"

namespace selfsame::ifs {

namespace {

// Add factor · from to n numbers.
SELFSAME_CLONES
void add_scaled(const float* from, float factor, std::size_t n, float* to) {
    for (std::size_t k = 0; k < n; ++k) {
        to[k] += factor * from[k];
    }
}

class SpacePopulation {
public:
    SpacePopulation(const SpaceStart& start, std::size_t leaves)
        : field_(start.field),
          ancestors_(start.ancestors),
          dimension_(start.point.size()),
          points_(dimension_ * field_.size()),
          shuffled_(points_.size()),
          images_(points_.size()),
          permutation_(field_.size()),
          counts_(2 * leaves) {
        check(ancestors_.m <= field_.m && ancestors_.m >= 4 && field_.m < 31);
    }

    void settle(const SpaceStart& start, const SpaceGame& game, Stream& stream) {
        const std::size_t few = ancestors_.size();
        for (std::size_t d = 0; d < dimension_; ++d) {
            std::fill_n(row(points_, d), few, start.point[d]);
        }
        for (int t = 0; t < start.burn_in; ++t) {
            step(ancestors_, points_, few, game, stream);
        }
        for (std::size_t d = 0; d < dimension_; ++d) {
            float* points = row(points_, d);
            for (std::size_t k = few; k < field_.size(); ++k) {
                points[k] = points[k - few];
            }
        }
        for (int t = 0; t < kPartingSteps; ++t) {
            advance(game, stream);
        }
    }

    void advance(const SpaceGame& game, Stream& stream) { step(field_, points_, field_.size(), game, stream); }

    // Write as many points as fit, or their images under `words` if there are any, in a random order.
    void write(const SpaceGame& words, Stream& stream, Grid<float> out) {
        check(out.height() <= field_.size());
        std::vector<float>* source = &points_;
        if (words.offsets.height() > 0) {
            step(field_, images_, field_.size(), words, stream);
            source = &images_;
        }
        // Points lie sorted by map; a further permutation undoes that.
        shuffle(*source, field_, stream);
        for (std::size_t d = 0; d < dimension_; ++d) {
            const float* from = row(shuffled_, d);
            float* to = out.data() + d;
            for (std::size_t k = 0; k < out.height(); ++k, to += dimension_) {
                *to = from[k];
            }
        }
    }

private:
    float* row(std::vector<float>& memory, std::size_t d) { return &memory[d * field_.size()]; }

    // Have the points of a field in `shuffled_`, by a new permutation.
    void shuffle(std::vector<float>& points, const Field& field, Stream& stream) {
        permutation_.draw(field, stream);
        for (std::size_t d = 0; d < dimension_; ++d) {
            permutation_.shuffle<float>({row(points, d), field.size()}, {row(shuffled_, d), field.size()});
        }
    }

    void step(const Field& field, std::vector<float>& target, std::size_t n, const SpaceGame& game,
              Stream& stream) {
        const std::size_t maps = game.offsets.height(), leaves = game.tree.size();
        check(maps <= leaves && 2 * leaves <= counts_.size() && game.matrices.height() == maps * dimension_ &&
              (!game.is_on_cells || dimension_ >= 2));
        shuffle(points_, field, stream);
        stream.multinomial(static_cast<std::int64_t>(n), game.tree, {counts_.data(), 2 * leaves});
        std::size_t begin = 0;
        for (std::size_t i = 0; i < maps; ++i) {
            const auto count = static_cast<std::size_t>(counts_[leaves + i]);
            for (std::size_t r = 0; r < dimension_; ++r) {
                float* image = row(target, r) + begin;
                std::fill_n(image, count, game.offsets(i, r));
                for (std::size_t c = 0; c < dimension_; ++c) {
                    if (const float factor = game.matrices(i * dimension_ + r, c); factor != 0) {
                        add_scaled(row(shuffled_, c) + begin, factor, count, image);
                    }
                }
            }
            begin += count;
        }
        if (game.is_on_cells) {
            center(row(target, 0), n);
            center(row(target, 1), n);
        }
    }

    Field field_, ancestors_;
    std::size_t dimension_;
    std::vector<float> points_, shuffled_, images_;
    Permutation permutation_;
    std::vector<std::int64_t> counts_;
};

SELFSAME_CLONES
bool are_finite(const float* numbers, std::size_t count) {
    constexpr std::uint32_t kExponent = 0x7F800000;
    std::uint32_t is_any_not = 0;
    for (std::size_t k = 0; k < count; ++k) {
        is_any_not |= (std::bit_cast<std::uint32_t>(numbers[k]) & kExponent) == kExponent;
    }
    return !is_any_not;
}

// How many points are infinite or NaN.
std::int64_t count_lost(Grid<const float> points) {
    if (are_finite(points.data(), points.height() * points.width())) {
        return 0;
    }
    std::int64_t lost = 0;
    for (std::size_t k = 0; k < points.height(); ++k) {
        lost += !std::ranges::all_of(points.row(k), [](float number) { return std::isfinite(number); });
    }
    return lost;
}

// Have write(part) called for all parts of `out`, of as many points as a population has; return how many are lost.
template <typename Write>
std::int64_t write_parts(const Field& field, Grid<float> out, const Write& write) {
    std::int64_t lost = 0;
    for (std::size_t done = 0; done < out.height(); done += field.size()) {
        const Grid<float> part = out.part(done, 0, std::min(field.size(), out.height() - done), out.width());
        write(part);
        lost += count_lost(part);
    }
    return lost;
}

std::int64_t sample_plane(Stream& stream, const SpaceStart& start, const SpaceGame& game, Grid<float> out) {
    std::vector<PlanarMap> maps(game.offsets.height());
    for (std::size_t i = 0; i < maps.size(); ++i) {
        const auto x = game.matrices.row(2 * i), y = game.matrices.row(2 * i + 1), shift = game.offsets.row(i);
        maps[i] = {x[0], x[1], y[0], y[1], shift[0], shift[1]};
    }
    const Game planar{{maps.data(), maps.size()}, game.tree, game.is_on_cells};
    Population population(start.field, start.ancestors, game.tree.size());
    population.settle({start.point[0], start.point[1]}, start.burn_in, kPartingSteps, planar, stream);
    return write_parts(start.field, out, [&](Grid<float> part) {
        population.move(planar, stream);
        population.sample(stream, {reinterpret_cast<Point*>(part.data()), part.height()});
    });
}

}  // namespace

std::int64_t sample_share(Stream stream, const SpaceStart& start, const SpaceGame& game, const SpaceGame& words,
                          Grid<float> out) {
    if (start.point.size() == 2 && words.offsets.height() == 0) {
        return sample_plane(stream, start, game, out);
    }
    SpacePopulation population(start, std::max(game.tree.size(), words.tree.size()));
    population.settle(start, game, stream);
    return write_parts(start.field, out, [&](Grid<float> part) {
        population.advance(game, stream);
        population.write(words, stream, part);
    });
}

void add_colors(Grid<const float> points, Grid<std::uint64_t> sums) {
    const auto height = static_cast<float>(sums.height()), width = static_cast<float>(sums.width() / 4);
    for (std::size_t k = 0; k < points.height(); ++k) {
        const auto point = points.row(k);
        const float u = point[0], v = point[1];
        if (u >= 0 && u < width && v >= 0 && v < height) {
            const auto cell = sums.row(static_cast<std::size_t>(v)).part(4 * static_cast<std::size_t>(u), 4);
            for (int c = 0; c < 3; ++c) {
                const float value = bounded(point[2 + c], 0.0f, 1.0f);  // rounding may leave them by a hair
                cell[c] += static_cast<std::uint64_t>(value * kColorSteps + 0.5f);
            }
            ++cell[3];
        }
    }
}

}  // namespace selfsame::ifs
