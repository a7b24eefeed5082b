#include "ifs/sampling.hpp"

#include <algorithm>
#include <vector>

#include "core/bounded.hpp"
#include "core/clones.hpp"
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

    // Write n points, or their images under `words` if there are any, in a random order.
    void write(std::size_t n, const SpaceGame& words, Stream& stream, std::size_t first, Grid<float> out) {
        std::vector<float>* source = &points_;
        if (words.offsets.height() > 0) {
            step(field_, images_, field_.size(), words, stream);
            source = &images_;
        }
        // Points lie sorted by map; a further permutation undoes that.
        permutation_.draw(field_, stream);
        for (std::size_t d = 0; d < dimension_; ++d) {
            const float* from = row(*source, d);
            for (std::size_t k = 0; k < n; ++k) {
                out(first + k, d) = from[permutation_(k)];
            }
        }
    }

private:
    float* row(std::vector<float>& memory, std::size_t d) { return &memory[d * field_.size()]; }

    void step(const Field& field, std::vector<float>& target, std::size_t n, const SpaceGame& game,
              Stream& stream) {
        const std::size_t maps = game.offsets.height(), leaves = game.tree.size();
        check(maps <= leaves && 2 * leaves <= counts_.size() && game.matrices.height() == maps * dimension_);
        permutation_.draw(field, stream);
        for (std::size_t d = 0; d < dimension_; ++d) {
            const float* from = row(points_, d);
            float* to = row(shuffled_, d);
            for (std::size_t k = 0; k < field.size(); ++k) {
                to[k] = from[permutation_(k)];
            }
        }
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
    }

    Field field_, ancestors_;
    std::size_t dimension_;
    std::vector<float> points_, shuffled_, images_;
    Permutation permutation_;
    std::vector<std::int64_t> counts_;
};

}  // namespace

void sample_share(Stream stream, const SpaceStart& start, const SpaceGame& game, const SpaceGame& words,
                  Grid<float> out) {
    SpacePopulation population(start, std::max(game.tree.size(), words.tree.size()));
    population.settle(start, game, stream);
    const std::size_t size = start.field.size();
    for (std::size_t done = 0; done < out.height(); done += size) {
        population.advance(game, stream);
        population.write(std::min(size, out.height() - done), words, stream, done, out);
    }
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
