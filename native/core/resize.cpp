#include "core/resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <type_traits>
#include <vector>

#include "core/parallel.hpp"

namespace selfsame {

namespace {

constexpr int kPrecisionBits = 22;  // of the weights of bytes
constexpr std::size_t kShareRows = 16;

// The unit in which a sum of pixels and weights is taken.
template <typename T>
using Sum = std::conditional_t<std::is_same_v<T, std::uint8_t>, std::int32_t, double>;

double support(Filter filter) {
    constexpr double kSupports[] = {0.5, 1, 2, 3};
    return kSupports[static_cast<int>(filter)];
}

double sinc(double x) { return x == 0 ? 1 : std::sin(x * std::numbers::pi) / (x * std::numbers::pi); }

double height_at(Filter filter, double x) {
    constexpr double kA = -0.5;  // of the cubic
    const double t = std::abs(x);
    switch (filter) {
        case Filter::kBox:
            return x > -0.5 && x <= 0.5 ? 1 : 0;
        case Filter::kTriangle:
            return t < 1 ? 1 - t : 0;
        case Filter::kCubic:
            return t < 1   ? ((kA + 2) * t - (kA + 3)) * t * t + 1
                   : t < 2 ? (((t - 5) * t + 8) * t - 4) * kA
                           : 0;
        case Filter::kLanczos:
            return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    }
    return 0;
}

// Of each place of the result along one axis: the first pixel that counts, and the weights from there on.
template <typename T>
class Weights {
public:
    Weights(Filter filter, double low, double high, std::size_t from, std::size_t to) {
        const double ratio = (high - low) / static_cast<double>(to), scale = std::max(ratio, 1.0);
        const double reach = support(filter) * scale, shrink = 1 / scale;
        std::vector<double> exact;
        for (std::size_t i = 0; i < to; ++i) {
            const double centre = low + (static_cast<double>(i) + 0.5) * ratio;
            const auto first = static_cast<std::size_t>(std::max(centre - reach + 0.5, 0.0));
            const auto end = std::min(static_cast<std::size_t>(std::max(centre + reach + 0.5, 0.0)), from);
            exact.clear();
            double total = 0;
            for (std::size_t k = first; k < end; ++k) {
                exact.push_back(height_at(filter, (static_cast<double>(k) - centre + 0.5) * shrink));
                total += exact.back();
            }
            spans_.push_back({first, values_.size(), exact.size()});
            for (const double weight : exact) {
                values_.push_back(stored(total != 0 ? weight / total : weight));
            }
        }
    }

    std::size_t first(std::size_t i) const { return spans_[i].first; }
    Row<const Sum<T>> at(std::size_t i) const {
        return Row<const Sum<T>>(values_.data(), values_.size()).part(spans_[i].start, spans_[i].count);
    }
    // Which pixels count at all.
    std::size_t begin() const { return spans_.front().first; }
    std::size_t end() const { return spans_.back().first + spans_.back().count; }

private:
    struct Span {
        std::size_t first, start, count;
    };

    static Sum<T> stored(double weight) {
        if constexpr (std::is_same_v<T, std::uint8_t>) {
            return static_cast<std::int32_t>(weight * (1 << kPrecisionBits) + (weight < 0 ? -0.5 : 0.5));
        }
        return static_cast<Sum<T>>(weight);
    }

    std::vector<Span> spans_;
    std::vector<Sum<T>> values_;
};

template <typename T>
T pixel(Sum<T> sum) {
    if constexpr (std::is_same_v<T, std::uint8_t>) {
        return static_cast<T>(std::clamp((sum + (1 << (kPrecisionBits - 1))) >> kPrecisionBits, 0, 255));
    }
    return static_cast<T>(sum);
}

template <typename T>
void across(Row<const T> from, const Weights<T>& weights, std::size_t channels, Row<T> to) {
    for (std::size_t i = 0; i < to.size() / channels; ++i) {
        const auto row = weights.at(i);
        const T* pixels = from.part(weights.first(i) * channels, row.size() * channels).data();
        for (std::size_t c = 0; c < channels; ++c) {
            Sum<T> sum = 0;
            for (std::size_t k = 0; k < row.size(); ++k) {
                sum += static_cast<Sum<T>>(pixels[k * channels + c]) * row.data()[k];
            }
            to[i * channels + c] = pixel<T>(sum);
        }
    }
}

template <typename T>
void down(Grid<const T> from, std::size_t first, Row<const Sum<T>> weights, std::vector<Sum<T>>& sums, Row<T> to) {
    std::fill(sums.begin(), sums.end(), Sum<T>(0));
    for (std::size_t k = 0; k < weights.size(); ++k) {
        const Sum<T> weight = weights[k];
        const T* row = from.row(first + k).data();
        for (std::size_t j = 0; j < sums.size(); ++j) {
            sums[j] += static_cast<Sum<T>>(row[j]) * weight;
        }
    }
    for (std::size_t j = 0; j < sums.size(); ++j) {
        to[j] = pixel<T>(sums[j]);
    }
}

// Call work(first, end) for shares of rows.
template <typename Work>
void by_rows(std::size_t rows, int threads, const Work& work) {
    parallel_for(threads, (rows + kShareRows - 1) / kShareRows, [&](std::size_t share) {
        work(share * kShareRows, std::min((share + 1) * kShareRows, rows));
    });
}

// A picture on its way, in memory of its own or in another's.
template <typename T>
struct Stage {
    std::vector<T> memory;
    Grid<const T> grid;

    Grid<T> made(std::size_t height, std::size_t width) {
        memory.resize(height * width);
        grid = {memory.data(), height, width};
        return {memory.data(), height, width};
    }
};

template <typename T>
void all_across(Grid<const T> from, const Weights<T>& columns, std::size_t channels, Grid<T> to, int threads) {
    by_rows(to.height(), threads, [&](std::size_t first, std::size_t end) {
        for (std::size_t i = first; i < end; ++i) {
            across<T>(from.row(i), columns, channels, to.row(i));
        }
    });
}

// `top` is the row of the picture at which `from` begins.
template <typename T>
void all_down(Grid<const T> from, std::size_t top, const Weights<T>& rows, Grid<T> to, int threads) {
    by_rows(to.height(), threads, [&](std::size_t first, std::size_t end) {
        std::vector<Sum<T>> sums(to.width());
        for (std::size_t i = first; i < end; ++i) {
            down<T>(from, rows.first(i) - top, rows.at(i), sums, to.row(i));
        }
    });
}

}  // namespace

template <typename T>
void resize(Grid<const T> from, const Extent& box, Filter filter, int channels, Grid<T> to, int threads) {
    const auto n = static_cast<std::size_t>(channels);
    check(n > 0 && from.width() % n == 0 && to.width() % n == 0 && from.height() > 0 && to.height() > 0);
    const std::size_t width = from.width() / n, new_width = to.width() / n;
    const Weights<T> columns(filter, box.left, box.right, width, new_width);
    const Weights<T> rows(filter, box.top, box.bottom, from.height(), to.height());
    // Filters would leave an axis that stays as it is alone.
    const bool is_same_width = width == new_width && box.left == 0 && box.right == static_cast<double>(width);
    // Which axis comes first matters to bytes, which are clipped in between: the order is that of Pillow 13.
    const auto lost_rows = static_cast<std::int64_t>(from.height()) - static_cast<std::int64_t>(to.height());
    const auto lost_columns = static_cast<std::int64_t>(width) - static_cast<std::int64_t>(new_width);
    Stage<T> between;
    if (is_same_width) {
        all_down<T>(from, 0, rows, to, threads);
    } else if (lost_rows > std::max<std::int64_t>(2 * lost_columns, 0)) {
        all_down<T>(from, 0, rows, between.made(to.height(), from.width()), threads);
        all_across<T>(between.grid, columns, n, to, threads);
    } else {
        const auto used = from.part(rows.begin(), 0, rows.end() - rows.begin(), from.width());
        all_across<T>(used, columns, n, between.made(used.height(), to.width()), threads);
        all_down<T>(between.grid, rows.begin(), rows, to, threads);
    }
}
template void resize(Grid<const std::uint8_t>, const Extent&, Filter, int, Grid<std::uint8_t>, int);
template void resize(Grid<const float>, const Extent&, Filter, int, Grid<float>, int);

}  // namespace selfsame
