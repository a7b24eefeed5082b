#include "browser/drawing/ifs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "browser/drawing/points.hpp"
#include "ifs/cells.hpp"
#include "ifs/histogram.hpp"
#include "ifs/sampling.hpp"

namespace selfsame::browser {

namespace {

constexpr std::uint64_t kSharePoints = 1 << 22, kColorSharePoints = 1 << 18;
constexpr std::uint64_t kFewestPoints = 20000, kMostPoints = std::uint64_t(1) << 30;
constexpr std::uint64_t kDensityPoints = 50;  // per pixel, of the modes that show a density
constexpr double kNewCells = 1e-3;            // doubling the points ends once it sets fewer new cells

// What is drawn: maps, and words through which their points pass into pixels, if there are any.
struct Seen {
    Maps maps, words;
    bool is_empty;  // nothing of it lies in the window
    bool is_on_cells = false;  // see ifs/cells.hpp
};

// Maps in the coordinates u = S x + t of pixels; further coordinates are left alone.
Maps into_pixels(const Maps& maps, const std::array<double, 2>& scale, const std::array<double, 2>& shift,
                 bool is_conjugated) {
    const int n = maps.dimension;
    const auto scale_of = [&](int i) { return i < 2 ? scale[i] : 1; };
    const auto shift_of = [&](int i) { return i < 2 ? shift[i] : 0; };
    Maps result = maps;
    for (std::size_t k = 0; k < maps.size(); ++k) {
        double* A = &result.matrices[k * n * n];
        double* b = &result.offsets[k * n];
        for (int i = 0; i < n; ++i) {
            double moved = 0;
            for (int j = 0; j < n; ++j) {
                A[i * n + j] *= scale_of(i);
                if (is_conjugated) {
                    A[i * n + j] *= 1 / scale_of(j);
                    moved += A[i * n + j] * shift_of(j);
                }
            }
            b[i] = b[i] * scale_of(i) + shift_of(i) - moved;
        }
    }
    return result;
}

// What becomes of the plane, whatever else the maps carry.
std::vector<ifs::PlaneMap> planar(const Maps& maps) {
    const int n = maps.dimension;
    std::vector<ifs::PlaneMap> result;
    for (std::size_t k = 0; k < maps.size(); ++k) {
        const double* A = &maps.matrices[k * n * n];
        const double* b = &maps.offsets[k * n];
        result.push_back({A[0], A[1], A[n], A[n + 1], b[0], b[1]});
    }
    return result;
}

bool keep_cells(const Maps& maps, const Maps& words) {
    const auto own = planar(maps), through = planar(words);
    return ifs::keep_cells({own.data(), own.size()}, {through.data(), through.size()});
}

// Maps of the plane in the coordinates u = S x + t; further ones are left alone. Words, which lead out of the
// plane, keep their images.
Maps in_coordinates(const Maps& maps, const ifs::PlaneMap& cell, bool are_words) {
    const auto& [s00, s01, s10, s11, t0, t1] = cell;
    const double determinant = s00 * s11 - s01 * s10;
    const int n = maps.dimension;
    Maps result = maps;
    for (std::size_t k = 0; k < maps.size(); ++k) {
        double* A = &result.matrices[k * n * n];
        double* b = &result.offsets[k * n];
        if (!are_words) {
            for (int j = 0; j < n; ++j) {
                const double above = A[j], below = A[n + j];
                A[j] = s00 * above + s01 * below, A[n + j] = s10 * above + s11 * below;
            }
            const double u = b[0], v = b[1];
            b[0] = s00 * u + s01 * v + t0, b[1] = s10 * u + s11 * v + t1;
        }
        for (int i = 0; i < n; ++i) {
            double* row = A + i * n;
            const double u = row[0], v = row[1];
            row[0] = (u * s11 - v * s10) / determinant, row[1] = (v * s00 - u * s01) / determinant;
            b[i] -= row[0] * t0 + row[1] * t1;
        }
    }
    return result;
}

// Maps of the plane and words into pixels as a game on cells, if they are one: on those that the largest word takes
// to pixels. The others take cells to pixels, too, where the game keeps cells.
std::optional<Seen> on_cells(const Maps& maps, const Maps& words) {
    const auto size = [](const ifs::PlaneMap& map) { return std::abs(map[0] * map[3] - map[1] * map[2]); };
    const auto all = planar(words);
    const auto largest = std::ranges::max_element(all, {}, size);
    if (!(size(*largest) > 0 && std::isfinite(size(*largest)))) {
        return std::nullopt;
    }
    Seen game{in_coordinates(maps, *largest, false), in_coordinates(words, *largest, true), false, true};
    return keep_cells(game.maps, game.words) ? std::optional(std::move(game)) : std::nullopt;
}

// See the window in so many pixels, with a border around them.
Seen seen(const Maps& maps, const Viewport& view, int width, int height, int border) {
    const std::array<double, 2> scale = {width / (view[2] - view[0]), -height / (view[3] - view[1])};
    const std::array<double, 2> shift = {-view[0] * scale[0] + border, -view[3] * scale[1] + border};
    const auto near = view_words(maps, view);
    if (!near) {
        Maps game = into_pixels(maps, scale, shift, true);
        const bool is_on_cells = keep_cells(game, no_words(maps));
        return {std::move(game), no_words(maps), false, is_on_cells};
    }
    Maps words = into_pixels(near->maps, scale, shift, false);
    if (near->share != 0) {
        if (auto game = on_cells(maps, words)) {
            return *std::move(game);
        }
    }
    return {maps, std::move(words), near->share == 0};
}

// A planar game in single precision, with the memory that it lies in.
struct PlanarGame {
    std::vector<ifs::PlanarMap> maps;
    std::vector<std::uint64_t> tree;

    bool is_on_cells;

    PlanarGame(const Maps& from, bool is_on_cells) : tree(tree_of(from)), is_on_cells(is_on_cells) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            ifs::PlanarMap& map = maps.emplace_back();
            std::copy_n(from.matrix(i), 4, map.begin());
            std::copy_n(from.offset(i), 2, map.begin() + 4);
        }
    }
    ifs::Game game() const { return {{maps.data(), maps.size()}, {tree.data(), tree.size()}, is_on_cells}; }
};

// Plots shares of points of a planar system into a histogram with a border.
class Plotter {
public:
    Plotter(const IfsCode& code, const Seen& seen, int width, int height, std::uint64_t points, std::uint64_t seed)
        : game_(seen.maps, seen.is_on_cells), words_(seen.words, seen.is_on_cells), width_(width), height_(height), seed_(seed) {
        const auto fields = choose_fields(points, std::max(seen.maps.size(), seen.words.size()));
        const auto start = singles(start_point(seen.maps));
        start_ = {fields.population, fields.ancestors, {start[0], start[1]},
                  burn_in_steps(maps_of(code, false))};
    }

    // Plot further points.
    template <typename T>
    void plot(std::uint64_t points, Row<T> out) {
        double least = 1;
        for (std::uint64_t done = 0; done < points; done += kSharePoints) {
            const std::uint64_t count = std::min(kSharePoints, points - done);
            const ifs::Stream stream(seed_, share_++);
            least = std::min(least, ifs::plot_share(stream, count, start_, game_.game(), words_.game(), width_,
                                                    height_, out));
        }
        if (least == 1 && !is_plotted_) {
            refuse_escape();
        }
        is_plotted_ = true;
    }

private:
    PlanarGame game_, words_;
    ifs::Start start_;
    int width_, height_;
    std::uint64_t seed_, share_ = 0;
    bool is_plotted_ = false;
};

// Cells of a picture: how often each was hit, or whether at all; and sums of colours.
struct Cells {
    std::vector<float> counts, colors;
};

std::size_t bordered(int width, int height) { return (std::size_t(width) + 2) * (std::size_t(height) + 2); }

template <typename T>
std::vector<float> without_border(const std::vector<T>& cells, int width, int height) {
    std::vector<float> inner;
    inner.reserve(std::size_t(width) * height);
    for (int y = 1; y <= height; ++y) {
        const auto row = cells.begin() + static_cast<std::ptrdiff_t>(y * (std::size_t(width) + 2) + 1);
        inner.insert(inner.end(), row, row + width);
    }
    return inner;
}

std::uint64_t default_points(std::uint64_t cells, std::uint64_t each) {
    return std::min(std::max(each * cells, kFewestPoints), kMostPoints);
}

std::vector<float> set_cells(const IfsCode& code, const IfsOptions& options, int width, int height) {
    const std::uint64_t cells = std::uint64_t(width) * height;
    const std::uint64_t first = options.points ? options.points : default_points(cells, 8);
    const std::uint64_t most = options.points ? options.points : default_points(cells, 64);
    const auto window = seen(maps_of(code, false), options.view, width, height, 1);
    std::vector<std::uint8_t> out(bordered(width, height)), bits(ifs::bytes_of_bits(out.size()));
    if (!window.is_empty) {
        Plotter plotter(code, window, width, height, first, options.seed);
        std::uint64_t done = 0, goal = first, before = 0;
        while (true) {
            plotter.plot(goal - done, Row<std::uint8_t>(bits.data(), bits.size()));
            ifs::unpack({bits.data(), bits.size()}, {out.data(), out.size()});
            done = goal;
            std::uint64_t now = 0;
            for (int y = 1; y <= height; ++y) {
                const auto row = out.begin() + static_cast<std::ptrdiff_t>(y * (std::size_t(width) + 2) + 1);
                now += std::count(row, row + width, std::uint8_t(1));
            }
            if (done >= most || static_cast<double>(now - before) < kNewCells * static_cast<double>(now)) {
                break;
            }
            before = now, goal = std::min(2 * goal, most);
        }
    }
    return without_border(out, width, height);
}

std::vector<float> counted(const IfsCode& code, const IfsOptions& options, std::uint64_t points, int width,
                           int height) {
    const auto window = seen(maps_of(code, false), options.view, width, height, 1);
    std::vector<std::uint32_t> out(bordered(width, height));
    if (!window.is_empty) {
        Plotter(code, window, width, height, points, options.seed).plot(points, Row<std::uint32_t>(out.data(), out.size()));
    }
    return without_border(out, width, height);
}

Cells colored(const IfsCode& code, const IfsOptions& options, std::uint64_t points, int width, int height) {
    const auto window = seen(maps_of(code, true), options.view, width, height, 0);
    const std::size_t cells = std::size_t(width) * height;
    std::vector<std::uint64_t> sums(4 * cells);
    if (!window.is_empty) {
        const PointSource source(window.maps, window.words, std::min(points, kColorSharePoints), options.seed,
                                 window.is_on_cells);
        source.draw(points, kColorSharePoints, [&](Grid<const float> part) {
            ifs::add_colors(part, Grid(sums.data(), std::size_t(height), 4 * std::size_t(width)));
            std::size_t lost = 0;
            for (std::size_t i = 0; i < part.height(); ++i) {
                lost += !(std::isfinite(part(i, 0)) && std::isfinite(part(i, 1)));
            }
            return lost == part.height();
        });
    }
    Cells result{std::vector<float>(cells), std::vector<float>(3 * cells)};
    for (std::size_t i = 0; i < cells; ++i) {
        result.counts[i] = static_cast<float>(sums[4 * i + 3]);
        for (int c = 0; c < 3; ++c) {
            result.colors[3 * i + c] = static_cast<float>(static_cast<double>(sums[4 * i + c]) / ifs::kColorSteps);
        }
    }
    return result;
}

int default_supersample(IfsMode mode, std::uint64_t pixels) {
    constexpr std::uint64_t kFineCells = 1 << 22;
    constexpr std::array<std::uint64_t, 5> kCells = {1 << 26, 0, 1 << 25, 1 << 24, 1 << 24};  // by mode
    if (mode == IfsMode::kGrey) {  // averaging counts changes nothing
        return 1;
    }
    if (9 * pixels <= kFineCells) {
        return 3;
    }
    return 4 * pixels <= kCells[static_cast<int>(mode)] ? 2 : 1;
}

}  // namespace

Picture draw_points(const IfsCode& code, const IfsOptions& options) {
    const auto& [width, height, view, mode, points, supersample, seed] = options;
    const std::uint64_t pixels = std::uint64_t(width) * height;
    const int s = supersample ? supersample : default_supersample(mode, pixels);
    const int fine_width = width * s, fine_height = height * s;
    if (mode == IfsMode::kBinary) {
        return {averaged(set_cells(code, options, fine_width, fine_height), width, height, s, 1), 1};
    }
    const bool is_colored = mode == IfsMode::kColor || mode == IfsMode::kFlame;
    const std::uint64_t count = points                   ? points
                                : mode == IfsMode::kColor ? 2 * default_points(pixels * s * s, 8)
                                                          : default_points(pixels, kDensityPoints);
    Cells cells = is_colored ? colored(code, options, count, fine_width, fine_height)
                             : Cells{counted(code, options, count, fine_width, fine_height), {}};
    auto& light = cells.counts;
    if (mode == IfsMode::kGrey) {
        auto density = averaged(light, width, height, s, 1);
        const float most = std::max(std::ranges::max(density), 1.0f / static_cast<float>(s * s));
        for (float& value : density) {
            value /= most;
        }
        return {std::move(density), 1};
    }
    const float most = std::log1p(std::max(std::ranges::max(light), 1.0f));
    for (std::size_t i = 0; i < light.size(); ++i) {
        const float n = light[i];
        light[i] = mode == IfsMode::kColor ? (n > 0 ? 1.0f : 0.0f) : std::log1p(n) / most;
        for (int c = 0; c < 3 && is_colored; ++c) {
            float& color = cells.colors[3 * i + c];
            color = color / std::max(n, 1.0f) * light[i];
        }
    }
    if (!is_colored) {
        return {averaged(light, width, height, s, 1), 1};
    }
    auto picture = averaged(cells.colors, width, height, s, 3);
    for (float& value : picture) {
        value = std::clamp(value, 0.0f, 1.0f);
    }
    return {std::move(picture), 3};
}

}  // namespace selfsame::browser
