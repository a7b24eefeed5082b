#include "pifs/search.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/blocks.hpp"
#include "core/clones.hpp"

namespace selfsame::pifs {

namespace {

// Fill `best` with the largest absolute inner product of all eight isometries.
//
// With those of the four classes, c, the mirror images have ±(c0 + c3) ± (c1 + c2) and
// ±(c0 - c3) ± (c1 - c2), up to a sign that belongs to the scale; t are those of the transposed range.
SELFSAME_CLONES
void largest_of_classes(const float* const c[kClasses], const float* const t[kClasses], std::size_t size,
                        float* best) {
    for (std::size_t j = 0; j < size; ++j) {
        const float a = std::abs(c[0][j] + c[3][j]) + std::abs(c[1][j] + c[2][j]);
        const float b = std::abs(c[0][j] - c[3][j]) + std::abs(c[1][j] - c[2][j]);
        const float d = std::abs(t[0][j] + t[3][j]) + std::abs(t[1][j] + t[2][j]);
        const float e = std::abs(t[0][j] - t[3][j]) + std::abs(t[1][j] - t[2][j]);
        best[j] = std::max(std::max(a, b), std::max(d, e));
    }
}

SELFSAME_CLONES
void largest_of_rows(Grid<const float> rows, float* best) {
    std::fill_n(best, rows.width(), 0.0f);
    for (std::size_t v = 0; v < rows.height(); ++v) {
        const float* row = rows.row(v).data();
        for (std::size_t j = 0; j < rows.width(); ++j) {
            best[j] = std::max(best[j], std::abs(row[j]));
        }
    }
}

SELFSAME_CLONES
bool is_any_above(const float* values, std::size_t size, float limit) {
    int count = 0;
    for (std::size_t j = 0; j < size; ++j) {
        count += values[j] > limit;
    }
    return count > 0;
}

// Turn absolute inner products into gains: c², or less where the scale meets its bound.
SELFSAME_CLONES
void to_gains(float* best, const float* reach, const float* penalty, std::size_t size) {
    for (std::size_t j = 0; j < size; ++j) {
        const float beyond = std::max(best[j] - reach[j], 0.0f);
        best[j] = best[j] * best[j] - beyond * beyond - penalty[j];
    }
}

// Sort those of `values` that are large enough into the best of a range.
void insert(const std::vector<float>& values, std::int32_t start, Row<float> gains, Row<std::int32_t> found) {
    for (std::size_t j = 0; j < values.size(); ++j) {
        std::size_t k = gains.size() - 1;
        if (!(values[j] > gains[k])) {
            continue;
        }
        for (; k > 0 && values[j] > gains[k - 1]; --k) {
            gains[k] = gains[k - 1];
            found[k] = found[k - 1];
        }
        gains[k] = values[j];
        found[k] = start + static_cast<std::int32_t>(j);
    }
}

// Sums in eight lanes, of which the order is fixed.
class Sum {
public:
    void add(float value, int lane) { lanes_[lane & 7] += value; }
    float total() const {
        return ((lanes_[0] + lanes_[1]) + (lanes_[2] + lanes_[3])) +
               ((lanes_[4] + lanes_[5]) + (lanes_[6] + lanes_[7]));
    }

private:
    float lanes_[8] = {};
};

// Subtract the mean of a block from it; return the sum of its squares after that.
inline float centre(std::vector<float>& block) {
    Sum sum, squares;
    const int size = static_cast<int>(block.size());
    for (int i = 0; i < size; ++i) {
        sum.add(block[i], i);
    }
    const float mean = sum.total() / static_cast<float>(size);
    for (int i = 0; i < size; ++i) {
        block[i] -= mean;
        squares.add(block[i] * block[i], i);
    }
    return squares.total();
}

}  // namespace

void keep_best(Grid<const float> products, int classes, const Columns& columns,
               Grid<const std::int32_t> ranges, int apart, Best best) {
    const std::size_t size = products.width(), count = best.gains.height();
    const std::size_t rows = products.height() / classes, variants = rows / count;
    std::vector<float> values(size);
    for (std::size_t r = 0; r < count; ++r) {
        if (classes == kClasses) {
            const float *direct[kClasses], *transposed[kClasses];
            for (int c = 0; c < kClasses; ++c) {
                direct[c] = products.row(c * rows + 2 * r).data();
                transposed[c] = products.row(c * rows + 2 * r + 1).data();
            }
            largest_of_classes(direct, transposed, size, values.data());
        } else {
            largest_of_rows(products.part(variants * r, 0, variants, size), values.data());
        }
        // No gain exceeds the square: most often there is nothing to do.
        const auto gains = best.gains.row(r);
        if (!is_any_above(values.data(), size, std::sqrt(std::max(gains[gains.size() - 1], 0.0f)))) {
            continue;
        }
        to_gains(values.data(), columns.reach.data(), columns.penalty.data(), size);
        for (std::size_t j = 0; apart > 0 && j < size; ++j) {
            const auto distance = [&](int axis) { return std::abs(columns.corners(j, axis) - ranges(r, axis)); };
            if (distance(0) < apart && distance(1) < apart) {
                values[j] = kLowestGain;
            }
        }
        insert(values, columns.start, gains, best.found.row(r));
    }
}

void measure(Grid<const float> ranges, Grid<const float> domains, const Comparison& comparison,
             Grid<const std::int32_t> own, Grid<const std::int32_t> corners, Grid<std::int32_t> turn,
             Grid<float> scale, Grid<float> gain) {
    const int n = comparison.side, size = n * n;
    std::vector<float> block(size), domain(size);
    for (std::size_t r = 0; r < own.height(); ++r) {
        const auto pixels = ranges.part(own(r, 0), own(r, 1), n, n);
        for (int i = 0; i < n; ++i) {
            std::ranges::copy(pixels.row(i), &block[i * n]);
        }
        centre(block);
        for (std::size_t index = 0; index < turn.width(); ++index) {
            const std::int32_t y = corners(r, 2 * index), x = corners(r, 2 * index + 1);
            if (y < 0) {
                continue;
            }
            for (int i = 0; i < n; ++i) {
                pool_row(domains, y + std::size_t(comparison.contraction) * i, x, comparison.contraction, n,
                         &domain[i * n]);
            }
            const float norm2 = centre(domain);
            if (norm2 <= comparison.flat * comparison.flat * static_cast<float>(size)) {
                continue;
            }
            float best = 0;
            for (std::size_t t = 0; t < comparison.orders.height(); ++t) {
                const auto order = comparison.orders.row(t);
                Sum product;
                for (int i = 0; i < size; ++i) {
                    product.add(block[i] * domain[order.data()[i]], i);
                }
                if (std::abs(product.total()) > std::abs(best)) {
                    best = product.total();
                    turn(r, index) = static_cast<std::int32_t>(t);
                }
            }
            const float s = std::clamp(best / norm2, -comparison.max_scale, comparison.max_scale);
            scale(r, index) = s;
            gain(r, index) = s * (2 * best - s * norm2);
        }
    }
}

}  // namespace selfsame::pifs
