#include "ifs/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "core/clones.hpp"
#include "core/parallel.hpp"
#include "ifs/patterns.hpp"

namespace selfsame::ifs {

namespace {

constexpr std::size_t kBlock = 4;  // pictures that a thread takes at a time: their histograms stay in the cache
constexpr int kFitSteps = 12;  // of the population, whose bounding box is the fitted window

PlanarMap in_single_precision(const PlaneMap& map) {
    PlanarMap single;
    std::ranges::transform(map, single.begin(), [](double number) { return static_cast<float>(number); });
    return single;
}

// Turn a histogram with a border into a picture, white = `white`.
template <typename T, typename Value>
void develop(Grid<const T> cells, Mode mode, int patch, Value white, Grid<Value> out) {
    const int height = static_cast<int>(out.height()), width = static_cast<int>(out.width());
    check(cells.height() == out.height() + 2 && cells.width() == out.width() + 2);
    if (mode == Mode::kPatch) {
        for (int y = 0; y < height; ++y) {
            std::ranges::fill(out.row(y), Value(0));
        }
        for_moves(patch, height, width, [&](int y, int x, int from_y, int from_x, int count) {
            const auto row = cells.row(from_y + 1);
            const auto target = out.row(y);
            for (int k = 0; k < count; ++k) {
                if (row[from_x + 1 + k]) {
                    target[x + k] = white;
                }
            }
        });
        return;
    }
    if (mode == Mode::kBinary) {
        for (int y = 0; y < height; ++y) {
            const T* row = cells.row(y + 1).part(1, width).data();
            Value* target = out.row(y).data();
            for (int x = 0; x < width; ++x) {
                target[x] = row[x] ? white : Value(0);
            }
        }
        return;
    }
    T most = 1;
    for (int y = 0; y < height; ++y) {
        for (const T count : cells.row(y + 1).part(1, width)) {
            most = std::max(most, count);
        }
    }
    const auto largest = static_cast<float>(most);
    for (int y = 0; y < height; ++y) {
        const auto row = cells.row(y + 1).part(1, width);
        const auto target = out.row(y);
        for (int x = 0; x < width; ++x) {
            const auto count = static_cast<float>(row[x]);
            const float share =
                mode == Mode::kLog ? std::log1p(count) / std::log1p(largest) : count / largest;
            target[x] = static_cast<Value>(share * static_cast<float>(white));
        }
    }
}

template <typename T, typename Value>
void draw_block(const Systems& systems, const Batch& batch, Mode mode, Value white, Grid<double> views,
                Row<double> lost, Grid<Value> out, std::size_t first, std::size_t end) {
    Population population(batch.field, batch.ancestors, systems.trees.width());
    const std::size_t height = batch.height, width = batch.width;
    constexpr bool kIsBits = std::is_same_v<T, std::uint8_t>;
    std::vector<T> cells((height + 2) * (width + 2)), bits(kIsBits ? bytes_of_bits(cells.size()) : 0);
    const Row<T> histogram(kIsBits ? bits.data() : cells.data(), kIsBits ? bits.size() : cells.size());
    for (std::size_t i = first; i < end; ++i) {
        Stream stream(batch.seed, batch.streams[i]);
        const auto pattern = static_cast<int>(1 + stream.below(511));
        System system(systems, i);
        system.settle(batch.is_fitted ? 0 : kPartingSteps, population, stream);
        const Row<double> view = views.row(i);
        if (batch.is_fitted) {
            std::ranges::copy(fitted(population, system.game(), batch.margin, batch.aspect, stream), view.begin());
        }
        system.plot({view[0], view[1], view[2], view[3]}, batch.width, batch.height, batch.points, population,
                    stream, histogram);
        lost[i] = population.lost();
        if constexpr (kIsBits) {
            unpack(histogram, {cells.data(), cells.size()});
        }
        develop(Grid<const T>(cells.data(), height + 2, width + 2), mode, pattern, white,
                Grid<Value>(out.row(i).data(), height, width));
    }
}

}  // namespace

template <typename T>
double plot_share(Stream stream, std::uint64_t n, const Start& start, const Game& game, const Game& words,
                  int width, int height, Row<T> out) {
    Population population(start.field, start.ancestors, std::max(game.tree.size(), words.tree.size()));
    population.settle(start.point, start.burn_in, kPartingSteps, game, stream);
    const Frame frame = Frame::of(width, height);
    const std::size_t size = start.field.size();
    for (std::uint64_t done = 0; done < n;) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, n - done));
        if (words.maps.size() > 0) {
            population.step(size, game, frame, stream);
            population.pass(count, words, frame, stream);
        } else {
            population.step(count, game, frame, stream);
        }
        plot(population.cells(count), out);
        done += count;
    }
    return population.lost();
}
template double plot_share(Stream, std::uint64_t, const Start&, const Game&, const Game&, int, int,
                           Row<std::uint8_t>);
template double plot_share(Stream, std::uint64_t, const Start&, const Game&, const Game&, int, int,
                           Row<std::uint32_t>);

namespace {

// The smallest and largest coordinates of points that are finite.
struct Extent {
    float x_min, y_min, x_max, y_max;

    void include(float x, float y) {
        x_min = std::min(x_min, x), x_max = std::max(x_max, x);
        y_min = std::min(y_min, y), y_max = std::max(y_max, y);
    }
};

SELFSAME_CLONES
void extend(Row<const Point> points, Extent& extent) {
    constexpr std::size_t kLanes = 16;  // of points; in each, numbers of x and of y take turns
    constexpr float kFar = std::numeric_limits<float>::max();
    float least[2 * kLanes], most[2 * kLanes];
    std::fill_n(least, 2 * kLanes, kFar), std::fill_n(most, 2 * kLanes, -kFar);
    for (std::size_t k = 0; k + kLanes <= points.size(); k += kLanes) {
        const float* numbers = &points[k].x;
        bool are_finite = true;
        for (std::size_t lane = 0; lane < 2 * kLanes; ++lane) {
            are_finite &= std::abs(numbers[lane]) <= kFar;
        }
        if (are_finite) {
            for (std::size_t lane = 0; lane < 2 * kLanes; ++lane) {
                least[lane] = numbers[lane] < least[lane] ? numbers[lane] : least[lane];
                most[lane] = numbers[lane] > most[lane] ? numbers[lane] : most[lane];
            }
            continue;
        }
        for (const auto [x, y] : points.part(k, kLanes)) {
            if (std::isfinite(x) && std::isfinite(y)) {
                extent.include(x, y);
            }
        }
    }
    if (least[0] <= most[0]) {  // a block was finite
        for (std::size_t lane = 0; lane < 2 * kLanes; lane += 2) {
            extent.include(least[lane], least[lane + 1]);
            extent.include(most[lane], most[lane + 1]);
        }
    }
}

}  // namespace

View fitted(Population& population, const Game& game, double margin, double aspect, Stream& stream) {
    constexpr float kFar = std::numeric_limits<float>::infinity();
    Extent extent{kFar, kFar, -kFar, -kFar};
    for (int t = 0; t < kFitSteps; ++t) {
        population.move(game, stream);
        extend(population.points(), extent);
    }
    return widened({extent.x_min, extent.y_min, extent.x_max, extent.y_max}, margin, aspect);
}

View widened(View box, double margin, double aspect) {
    auto& [x_min, y_min, x_max, y_max] = box;
    if (!(x_min <= x_max && y_min <= y_max)) {
        box = {0, 0, 1, 1};
    }
    double width = x_max - x_min, height = y_max - y_min;
    double larger = std::max(width, height);
    const double far = std::max({std::abs(x_min), std::abs(x_max), std::abs(y_min), std::abs(y_max)});
    // An extent may be the rounding noise of 32-bit points.
    if (larger <= 1e-6 * far && (larger == 0 || far > 1)) {
        larger = std::max(1.0, 1e-6 * far);
    }
    width += 2 * margin * (aspect > 0 ? larger : width);
    height += 2 * margin * (aspect > 0 ? larger : height);
    width = std::max(width, 1e-3 * larger);
    height = std::max(height, 1e-3 * larger);
    if (aspect > 0) {
        if (width < height * aspect) {
            width = height * aspect;
        } else {
            height = width / aspect;
        }
    }
    const double x = (x_min + x_max) / 2, y = (y_min + y_max) / 2;
    return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

ToPixels::ToPixels(const View& view, int width, int height)
    : sx(width / (view[2] - view[0])),
      sy(-height / (view[3] - view[1])),
      tx(1 - sx * view[0]),
      ty(1 - sy * view[3]) {}

PlaneMap ToPixels::operator()(const PlaneMap& map) const {
    const auto& [p00, p01, p10, p11, x, y] = map;
    const double a00 = p00, a01 = p01 * sx / sy, a10 = p10 * sy / sx, a11 = p11;
    return {a00, a01, a10, a11, sx * x + tx - a00 * tx - a01 * ty, sy * y + ty - a10 * tx - a11 * ty};
}

Point ToPixels::operator()(const Point& point) const {
    return {static_cast<float>(sx * point.x + tx), static_cast<float>(sy * point.y + ty)};
}

System::System(const Systems& systems, std::size_t i)
    : tree_(systems.trees.row(i)),
      start_{static_cast<float>(systems.starts(i, 0)), static_cast<float>(systems.starts(i, 1))},
      burn_in_(static_cast<int>(systems.burn_ins[i])) {
    const auto first = static_cast<std::size_t>(systems.bounds[i]);
    plane_ = systems.maps.part(first, static_cast<std::size_t>(systems.bounds[i + 1]) - first);
    maps_.resize(plane_.size());
    std::ranges::transform(plane_, maps_.begin(), in_single_precision);
}

void System::settle(int parting_steps, Population& population, Stream& stream) const {
    population.settle(start_, burn_in_, parting_steps, game(), stream);
}

template <typename T>
void System::plot(const View& view, int width, int height, std::uint64_t n, Population& population,
                  Stream& stream, Row<T> out) {
    const ToPixels to_pixels(view, width, height);
    std::vector<PlaneMap> maps(plane_.size());
    std::ranges::transform(plane_, maps.begin(), to_pixels);
    std::ranges::transform(maps, maps_.begin(), in_single_precision);
    is_on_cells_ = keep_cells({maps.data(), maps.size()}, {});
    if (is_on_cells_) {  // not from where rounding may have put a point already
        population.settle(to_pixels(start_), burn_in_, kPartingSteps, game(), stream);
    } else {
        std::ranges::transform(population.points(), population.points().begin(), to_pixels);
    }
    std::ranges::fill(out, T(0));
    const Frame frame = Frame::of(width, height);
    for (std::uint64_t done = 0; done < n;) {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(population.field().size(), n - done));
        population.step(count, game(), frame, stream);
        ifs::plot(population.cells(count), out);
        done += count;
    }
}
template void System::plot(const View&, int, int, std::uint64_t, Population&, Stream&, Row<std::uint8_t>);
template void System::plot(const View&, int, int, std::uint64_t, Population&, Stream&, Row<std::uint32_t>);

template <typename Value>
void draw_batch(const Systems& systems, const Batch& batch, Mode mode, Value white, Grid<double> views,
                Row<double> lost, Grid<Value> out, int threads) {
    const bool is_binary = mode == Mode::kBinary || mode == Mode::kPatch;
    parallel_for(threads, (out.height() + kBlock - 1) / kBlock, [&](std::size_t block) {
        const std::size_t first = block * kBlock, end = std::min(first + kBlock, out.height());
        if (is_binary) {
            draw_block<std::uint8_t>(systems, batch, mode, white, views, lost, out, first, end);
        } else {
            draw_block<std::uint32_t>(systems, batch, mode, white, views, lost, out, first, end);
        }
    });
}
template void draw_batch(const Systems&, const Batch&, Mode, float, Grid<double>, Row<double>, Grid<float>, int);
template void draw_batch(const Systems&, const Batch&, Mode, std::uint8_t, Grid<double>, Row<double>,
                         Grid<std::uint8_t>, int);

}  // namespace selfsame::ifs
