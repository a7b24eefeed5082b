// A picture's planes as bytes: bands of rows, each a stream of its own with models of its own, so that
// threads share them and a region needs few.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "coding/range_coder.hpp"
#include "core/grid.hpp"
#include "core/zeros.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

// Bands are whole multiples of so many rows of luma: superblocks of chroma of half resolution are whole.
inline constexpr int kBandUnit = 2 << kMaxLog2;

// Padded sides of a plane.
struct Sides {
    int height, width;
};

// The planes of a picture, cut into bands; in each, a plane is linked to the one that helps to predict
// it: luma for Cb, Cb for Cr. Sides that cannot be cut are a fault of the input.
class Bands {
public:
    // `rows` is the height of a band of luma, a multiple of kBandUnit, or 0 for a single band.
    Bands(const std::vector<Sides>& sides, int rows);
    Bands(const Bands&) = delete;

    std::size_t size() const { return bands_.size(); }
    std::vector<Plane>& operator[](std::size_t band) { return *bands_[band]; }
    const std::vector<Sides>& sides() const { return sides_; }

    // Let the levels of a plane lie in a grid of its size.
    void place(std::size_t plane, Grid<std::int32_t> levels);

    // The band in which a row of a plane lies.
    std::size_t band_of(std::size_t plane, std::int32_t y) const;

private:
    std::vector<Sides> sides_;
    std::vector<int> rows_;  // of a band, by plane
    std::vector<std::unique_ptr<std::vector<Plane>>> bands_;  // planes are linked: they do not move
};

// What a stream holds of one plane.
struct PlaneParts {
    std::vector<Block> blocks;
    std::vector<Map> maps;
    Zeros<std::int32_t> levels;
};

// Read planes from the streams of their bands; empty if one is damaged or their number is wrong. Of a band
// whose stream is left out there are the largest blocks that fit, without maps and levels.
std::vector<PlaneParts> read_bands(const std::vector<std::optional<Row<const std::uint8_t>>>& streams,
                                   const std::vector<Sides>& sides, int rows, const coding::Models& models,
                                   int threads);

// The streams of the bands of a picture that is being written, plane by plane.
class BandWriter {
public:
    BandWriter(const std::vector<Sides>& sides, int rows, const coding::Models& models);

    // Write a plane with the levels as they are, or, with a choice, with those of least
    // distortion + price × bits, which replace them; false as write_plane.
    bool write(std::size_t plane, Row<const Block> blocks, Row<const Map> maps, Grid<std::int32_t> levels,
               const Choice* choice, int threads);

    void keep() { kept_ = coders_; }
    // Return to the state that was kept; false if none was.
    bool back();

    // The streams, ended.
    std::vector<std::vector<std::uint8_t>> finished() const;
    // The models of the first band as they stand.
    const coding::Models& models() const { return coders_.front().models(); }
    // Bits by syntax element.
    std::vector<double> spent() const;
    const std::vector<Sides>& sides() const { return bands_.sides(); }

private:
    Bands bands_;
    std::vector<coding::Encoder> coders_, kept_;
};

}  // namespace selfsame::pifs
