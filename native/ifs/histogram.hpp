// Histograms of planar systems: one from many shares of points, or many small ones.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/grid.hpp"
#include "ifs/cells.hpp"
#include "ifs/population.hpp"

namespace selfsame::ifs {

// How a population starts.
struct Start {
    Field field, ancestors;
    Point point;
    int burn_in;
};

// Plot n points of one population into a histogram with a border, bits or counts; return the fraction of it that
// escaped. If there are words, every point is plotted through one of them, chosen anew, instead of where
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
    PlaneMap operator()(const PlaneMap& map) const;
    Point operator()(const Point& point) const;
};

// Many planar systems: system i has the rows bounds[i] … bounds[i + 1] of `maps`.
struct Systems {
    Row<const PlaneMap> maps;
    Row<const std::int64_t> bounds;
    Grid<const std::uint64_t> trees;
    Grid<const double> starts;  // (B, 2)
    Row<const std::int64_t> burn_ins;
};

// One of them: its maps in units of the plane, and once it is plotted in those of cells.
class System {
public:
    System(const Systems& systems, std::size_t i);

    Game game() const { return {{maps_.data(), maps_.size()}, tree_, is_on_cells_}; }
    // Fill a population that has forgotten where it started.
    void settle(int parting_steps, Population& population, Stream& stream) const;
    // Plot n points of a settled population into a histogram of a view, with a border.
    template <typename T>
    void plot(const View& view, int width, int height, std::uint64_t n, Population& population,
              Stream& stream, Row<T> out);

private:
    Row<const PlaneMap> plane_;
    std::vector<PlanarMap> maps_;
    Row<const std::uint64_t> tree_;
    Point start_;
    int burn_in_;
    bool is_on_cells_ = false;
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

// What a picture shows: whether a pixel was hit, how often, the logarithm of that, or points that stamp a random
// pattern.
enum class Mode { kBinary, kGrey, kLog, kPatch };

// Draw all systems into pictures, (B, H · W), white = `white`, each from a random stream of its own; write the
// fraction of each population that escaped.
template <typename Value>
void draw_batch(const Systems& systems, const Batch& batch, Mode mode, Value white, Grid<double> views,
                Row<double> lost, Grid<Value> out, int threads);

}  // namespace selfsame::ifs
