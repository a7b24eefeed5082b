#include "browser/drawing/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace selfsame::browser {

namespace {

constexpr double kCubic = -0.5;  // Keys' parameter: the interpolation that is exact for parabolas

// Call add(i, k, weight) for each old pixel k that new pixel i covers, in whole numbers up to the weight.
template <typename Add>
void for_areas(std::int64_t from, std::int64_t to, const Add& add) {
    for (std::int64_t i = 0; i < to; ++i) {
        const std::int64_t begin = i * from, end = begin + from;
        for (std::int64_t k = begin / to; k * to < end; ++k) {
            const std::int64_t covered = std::min(end, (k + 1) * to) - std::max(begin, k * to);
            add(i, k, static_cast<double>(covered) / static_cast<double>(from));
        }
    }
}

// The matrix of cubic interpolation at pixel centres, ends repeated.
std::vector<double> cubic_matrix(int from, int to) {
    std::vector<double> matrix(std::size_t(to) * from);
    for (int i = 0; i < to; ++i) {
        const double place = (i + 0.5) * from / to - 0.5;
        const int first = static_cast<int>(std::floor(place)) - 1;
        for (int column = first; column < first + 4; ++column) {
            const double t = std::abs(place - column);
            const double weight = t <= 1 ? (kCubic + 2) * t * t * t - (kCubic + 3) * t * t + 1
                                         : kCubic * (t * t * t - 5 * t * t + 8 * t - 4);
            matrix[std::size_t(i) * from + std::clamp(column, 0, from - 1)] += weight;
        }
    }
    return matrix;
}

}  // namespace

void area_resize(Grid<const float> from, Grid<float> to) {
    std::vector<float> memory(to.height() * from.width());
    const Grid<float> low(memory.data(), to.height(), from.width());
    for_areas(static_cast<std::int64_t>(from.height()), static_cast<std::int64_t>(to.height()),
              [&](std::size_t i, std::size_t k, double weight) {
                  const auto source = from.row(k);
                  const auto target = low.row(i);
                  for (std::size_t x = 0; x < source.size(); ++x) {
                      target[x] += static_cast<float>(weight) * source[x];
                  }
              });
    for (std::size_t y = 0; y < to.height(); ++y) {
        std::ranges::fill(to.row(y), 0.0f);
    }
    for_areas(static_cast<std::int64_t>(from.width()), static_cast<std::int64_t>(to.width()),
              [&](std::size_t i, std::size_t k, double weight) {
                  for (std::size_t y = 0; y < to.height(); ++y) {
                      to(y, i) += static_cast<float>(weight) * low(y, k);
                  }
              });
}

std::vector<double> resampling_matrix(int from, int to) {
    const auto n = static_cast<std::size_t>(from), m = static_cast<std::size_t>(to);
    std::vector<double> result(m * n);
    if (to <= from) {
        for_areas(from, to, [&](std::size_t i, std::size_t k, double weight) { result[i * n + k] = weight; });
        return result;
    }
    // Solved for: the values whose interpolation has the given means. X · means = cubic, by elimination of its
    // transpose; the means are nearly those of the identity, so that no pivot is small.
    const auto cubic = cubic_matrix(from, to);
    const std::size_t width = n + m;
    std::vector<double> rows(n * width);
    for_areas(to, from, [&](std::size_t i, std::size_t k, double weight) {
        for (std::size_t j = 0; j < n; ++j) {
            rows[j * width + i] += weight * cubic[k * n + j];
        }
    });
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < m; ++i) {
            rows[j * width + n + i] = cubic[i * n + j];
        }
    }
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
            if (i == k || rows[i * width + k] == 0) {
                continue;
            }
            const double factor = rows[i * width + k] / rows[k * width + k];
            for (std::size_t j = k; j < width; ++j) {
                rows[i * width + j] -= factor * rows[k * width + j];
            }
        }
    }
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < m; ++i) {
            result[i * n + j] = rows[j * width + n + i] / rows[j * width + j];
        }
    }
    return result;
}

}  // namespace selfsame::browser
