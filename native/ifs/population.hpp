// The chaos game: sampling the invariant measure of affine systems of the plane.
//
// Population, not chain. M = 2^m points, few enough for the first-level cache, are advanced together. A step
// permutes them, draws how many points each map gets, n ~ Multinomial(M, p), and applies map i to n_i
// consecutive points, so that its parameters stay in registers and the loop vectorises. As any two points get
// places, and so maps, as if independent, mean and variance of every histogram bin are those of M independent
// chains, for a few random bits a point.
//
// Start. A few ancestors run until the start is forgotten, are copied over the population, and some unplotted
// steps part the copies.
//
// Pixels. The maps are conjugated into pixel units, so a point is its pixel. Histograms have a border one cell
// wide that takes whatever lies outside, NaN included; no branch is needed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/grid.hpp"
#include "ifs/field.hpp"
#include "ifs/random.hpp"

namespace selfsame::ifs {

struct Point {
    float x, y;
};

using PlanarMap = std::array<float, 6>;  // a00 a01 a10 a11 b0 b1

// Maps of the plane and how often each is chosen; see Stream::multinomial.
struct Game {
    Row<const PlanarMap> maps;
    Row<const std::uint64_t> tree;
    bool is_on_cells = false;  // points jump between the centres of cells; see cells.hpp
};

// Of a histogram with a border: its stride, and the last column and row.
struct Frame {
    std::int32_t stride;
    float right, bottom;

    // Of width × height cells; the border comes on top.
    static Frame of(int width, int height) {
        return {width + 2, static_cast<float>(width + 1), static_cast<float>(height + 1)};
    }
};

inline constexpr int kPartingSteps = 8;  // after them the copies share no more than a 256th of the attractor

class Population {
public:
    // Room for field.size() points and games of so many leaves.
    Population(const Field& field, const Field& ancestors, std::size_t leaves);

    const Field& field() const { return field_; }
    Row<Point> points() { return {points_.data(), field_.size()}; }
    // Of the images of the last step, the histogram cells.
    Row<const std::uint32_t> cells(std::size_t count) const { return {cells_.data(), count}; }

    // Fill the points with a population that has forgotten `start`.
    void settle(Point start, int burn_in, int parting_steps, const Game& game, Stream& stream);

    // Give n of the points one random map each; the images become the points.
    void step(std::size_t n, const Game& game, const Frame& frame, Stream& stream);
    // The same, but the points stay; only the cells are of the images.
    void pass(std::size_t n, const Game& game, const Frame& frame, Stream& stream);
    // Give each of the points a random map, without cells.
    void move(const Game& game, Stream& stream) { move(field_, game, stream); }

    // Write as many of the points as fit, in an order that says nothing about their maps.
    void sample(Stream& stream, Row<Point> out);

    // The fraction of the points that are infinite or NaN.
    double lost() const;

private:
    void move(const Field& field, const Game& game, Stream& stream);
    // Have the points of a field in `shuffled_`, by a new permutation.
    void shuffle(const Field& field, Stream& stream);
    // Shuffle the points and deal n of them out: apply(map, first, count) is called for each map.
    template <typename Apply>
    void deal(const Field& field, std::size_t n, const Game& game, Stream& stream, const Apply& apply);

    Field field_, ancestors_;
    std::vector<Point> points_, shuffled_, images_;
    std::vector<std::uint32_t> cells_;
    Permutation permutation_;
    std::vector<std::int64_t> counts_;
};

// Raise the counts of cells, or set their bits, the lowest of a byte first: eight to a byte, those of a small picture
// fit the first-level cache.
void plot(Row<const std::uint32_t> cells, Row<std::uint32_t> counts);
void plot(Row<const std::uint32_t> cells, Row<std::uint8_t> bits);

constexpr std::size_t bytes_of_bits(std::size_t cells) { return (cells + 7) / 8; }
// Write whether each cell's bit is set, 0 or 1.
void unpack(Row<const std::uint8_t> bits, Row<std::uint8_t> cells);

}  // namespace selfsame::ifs
