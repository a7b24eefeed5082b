// The syntax of a plane: how its partition, maps and levels become binary decisions.
//
// One set of functions serves the reader, the writer and the encoder's choice of levels, so that they
// cannot disagree. docs/file-format.md describes the order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "coding/range_coder.hpp"
#include "core/grid.hpp"
#include "core/zeros.hpp"
#include "pifs/contexts.hpp"

namespace selfsame::pifs {

// A rectangle of a partition.
struct Block {
    std::int32_t y, x, log2_height, log2_width;

    bool operator==(const Block&) const = default;
};

// What a block is predicted from; all zero where it is not.
struct Map {
    std::int32_t kind, domain_y, domain_x, isometry;
    std::int32_t scale;  // in steps of kScaleStep
};

// Side of a map's domain over that of its block; for kLuma that of 4:4:4.
inline int contraction(int kind) {
    constexpr std::array<int, kKinds> kSides = {0, 2, 4, 1, 1};
    check(static_cast<unsigned>(kind) < kSides.size());
    return kSides[kind];
}

// What a node of the partition becomes: one block, four nodes, or two halves, one above the other or
// side by side.
enum class Split { kLeaf, kQuad, kRows, kColumns };

// What is known of the coded part of a plane, by cells of 4 × 4 pixels.
class Cells {
public:
    Cells(int height, int width);

    struct Cell {
        std::int8_t area;  // log2 height + log2 width of the block, 0 before it is coded
        std::int8_t kind;  // of its map
        std::array<std::int16_t, kBands> bands;  // mean magnitude of its levels, in sixteenths
        std::int32_t lower, right;  // mean level of the block's borders, in 1/128
    };
    Cell& at(std::size_t y, std::size_t x) { return Grid(cells_.data(), height_, width_)(y, x); }
    const Cell& at(std::size_t y, std::size_t x) const { return Grid(cells_.data(), height_, width_)(y, x); }
    int height() const { return static_cast<int>(height_); }
    int width() const { return static_cast<int>(width_); }

private:
    std::size_t height_, width_;
    Zeros<Cell> cells_;
};

// A band of rows of one plane on its way through the coder.
struct Plane {
    // An empty band, without cells, of the size of `levels`, that begins `top` rows below the edge of a plane of
    // `whole_height` rows, all padded; `other` is the plane coded before it, or null.
    Plane(Grid<std::int32_t> levels, int top, int whole_height, const Plane* other);

    // Make room for what the coder learns of the cells.
    void begin() { cells = Cells(static_cast<int>(levels.height()), static_cast<int>(levels.width())); }

    Grid<std::int32_t> levels;
    int top, whole_height;
    std::vector<Block> blocks;  // their places, and those of domains, are in the whole plane
    std::vector<Map> maps;
    Cells cells;
    const Cells* other;  // of luma for Cb, of Cb for Cr
    int other_shift;     // log2 of the other plane's resolution over this one's
    int chroma;          // 0 or 1
};

// What the encoder chooses levels by while it codes: of all levels those of the least
// distortion + price × bits, with the adaptive models as they stand.
struct Choice {
    Grid<const float> coefficients;  // in units of the step, blocks in their places
    double price;                    // Lagrangian of a bit, in units of step²
    int last;                        // highest index in the scan that may be chosen
};

// Fill a band from a stream; false if the stream is damaged.
bool read_plane(coding::Decoder& coder, Plane& plane);

// Write a band, its levels as they are, or chosen on the way; false if its blocks are no tree, or a level is
// beyond what a stream holds. Its maps are sound.
bool write_plane(coding::Encoder& coder, Plane& plane, const Choice* choice);

}  // namespace selfsame::pifs
