// The codes of all families as files hold them: what selfsame/*/chunks.py reads, with the same named errors.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "browser/files/container.hpp"
#include "coding/range_coder.hpp"
#include "collage/syntax.hpp"
#include "mosaic/syntax.hpp"
#include "pifs/stream.hpp"

namespace selfsame::browser {

enum Kind : int { kIfs = 1, kPifs, kCollage, kMosaic, kGrid };

// See selfsame/ifs/code.py; arrays row by row.
struct IfsCode {
    int dimension, maps;
    std::array<double, 4> viewport;
    std::vector<double> matrices, offsets, probabilities, colors;
    int shape;  // of the primitive: 0 is none
    std::vector<double> parameters;
    Bytes notes;  // texts, each behind its length
};
enum PrimitiveShape : int { kDisk = 1, kRectangle, kSegment };
IfsCode read_ifs(const Container& container);

// See selfsame/pifs/code.py.
struct PifsCode {
    bool is_hybrid, half_chroma;
    int iterations, deblock;
    std::vector<pifs::Sides> sides;  // of the planes, before padding
    std::vector<float> steps;
    std::vector<pifs::PlaneParts> planes;
    std::vector<std::uint8_t> alpha;
};
pifs::Sides padded(pifs::Sides luma, int plane, bool half_chroma);
PifsCode read_pifs(const Container& container, const coding::Models& models);

// See selfsame/collage/code.py.
struct CollageCode {
    int step, range_size, domains, iterations;
    std::string_view model;
    Bytes fingerprint;
    std::vector<collage::Plane> planes;
    std::vector<std::uint8_t> alpha;
};
CollageCode read_collage(const Container& container, const coding::Models& models);

// See selfsame/mosaic/code.py.
struct MosaicCode {
    int saturation;
    mosaic::Patches patches;
    // Of a second picture: its bytes (height, width · channels), and rows y, x, height, width of the pieces.
    int width, height;
    std::vector<std::uint8_t> second;
    std::vector<std::array<int, 4>> pieces;
};
MosaicCode read_mosaic(const Container& container);

// See selfsame/collage/grid/code.py; a network draws it, which is not here.
struct GridCode {
    std::string_view model;
    Bytes fingerprint;
    std::vector<collage::Plane> levels;  // one
    std::vector<std::uint8_t> alpha;
};
GridCode read_grid(const Container& container, const coding::Models& models);

}  // namespace selfsame::browser
