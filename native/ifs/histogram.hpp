// Histograms of planar systems: one from many shares of points, or many small ones.
#pragma once

#include <array>
#include <cstdint>

#include "core/grid.hpp"
#include "ifs/population.hpp"

namespace selfsame::ifs {

using PlaneMap = std::array<double, 6>;  // as PlanarMap, in units of the plane

// How a population starts.
struct Start {
    Field field, ancestors;
    Point point;
    int burn_in;
};

// Plot n points of one population into a histogram with a border, bytes or counts; return the fraction of it
// that escaped. If there are words, every point is plotted through one of them, chosen anew, instead of where
// it lies.
template <typename T>
double plot_share(Stream stream, std::uint64_t n, const Start& start, const Game& game, const Game& words,
                  int width, int height, Row<T> out);

// A window of the plane: x_min, y_min, x_max, y_max.
using View = std::array<double, 4>;

// The box of the finite points of some steps, widened; see `widened`.
View fitted(Population& population, const Game& game, double margin, double aspect, Stream& stream);

// A box widened by `margin` of its larger side and to width / height = aspect. With an aspect of 0 each side is
// widened by `margin` of itself, and the box keeps its aspect.
//
// A box without any extent (one point) becomes 1 wide or high, or a millionth of its distance from the origin if
// that is more; an empty one (no points) becomes the unit square.
View widened(View box, double margin, double aspect);

// Maps of the plane as maps of histogram cells (pixels plus 1), and where points go: u = scale x + shift.
//
// With u = S x + t and B = S A S⁻¹ the map A x + b becomes B u + S b + t - B t.
struct ToPixels {
    double sx, sy, tx, ty;

    ToPixels(const View& view, int width, int height);
    void convert(Row<const PlaneMap> maps, Row<PlanarMap> out) const;
    void convert(Row<Point> points) const;
};

// Many planar systems: system i has the rows bounds[i] … bounds[i + 1] of `maps`.
struct Systems {
    Row<const PlaneMap> maps;
    Row<const std::int64_t> bounds;
    Grid<const std::uint64_t> trees;
    Grid<const double> starts;  // (B, 2)
    Row<const std::int64_t> burn_ins;
};

// How each is drawn.
struct Batch {
    std::uint64_t seed;
    Row<const std::uint64_t> streams;  // picture i draws from the stream (seed, streams[i])
    Field field, ancestors;
    std::uint64_t points;
    int width, height;
    bool is_fitted;        // views are written, not read
    double margin, aspect;  // of fitted views
};

// Plot system i into a histogram with a border, from a random stream of its own; set a random pattern of 1 to
// 511 and the fraction of the population that escaped.
template <typename T>
void plot_system(const Systems& systems, const Batch& batch, std::size_t i, Row<double> view,
                 std::int64_t& pattern, double& lost, Population& population, Row<T> out);

enum class Mode { kBinary, kGrey, kLog, kPatch };

// Draw all systems into pictures, (B, H · W), white = `white`; see plot_system and develop.
template <typename Value>
void draw_batch(const Systems& systems, const Batch& batch, Mode mode, Value white, Grid<double> views,
                Row<double> lost, Grid<Value> out, int threads);

// Turn a histogram with a border into a picture, white = `white`. A set bit (i, j) of a patch, nine bits row by
// row, moves the points by (i - 1, j - 1).
template <typename T, typename Value>
void develop(Grid<const T> cells, Mode mode, int patch, Value white, Grid<Value> out);

}  // namespace selfsame::ifs
