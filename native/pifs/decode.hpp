// The picture of a block code at any scale: whole, or a part of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/grid.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

// One plane of a code, as it lies in memory.
struct PlaneCode {
    int height, width;  // before padding
    float step;
    Row<const Block> blocks;
    Row<const Map> maps;
    Grid<const std::int32_t> levels;
};

// A picture as planes: grey, or Y, Cb and Cr.
struct PictureCode {
    std::span<const PlaneCode> planes;
    bool half_chroma;
    int deblock;
    Grid<const std::uint8_t> alpha;  // of no height if there is none
};

// What is to be computed of a picture.
struct Sampling {
    int left, top, right, bottom;  // in pixels of the picture, the last two exclusive
    int grid;                      // samples per pixel at which the planes are rendered
    int width, height;             // of the result
    bool is_whole_scale;           // whether the samples are the pixels of the result
};

// Fill `out`, (height, width · channels), with grey or sRGB and, if the code has it, alpha, in [0, 1] or, as
// bytes, 0 to 255.
//
// A part costs no more than what it depends on, and at whole scales equals that part of the whole picture bit for
// bit. `starts` are planes of any size to start from instead of the code's constant part. More samples than
// kMaxPixels and the padding are a fault of the input.
template <typename Sample>  // float or std::uint8_t
void decode(const PictureCode& code, const Sampling& sampling, int iterations,
            std::span<const Grid<const float>> starts, Grid<Sample> out, int threads);

// The numbers of the bands, of so many rows of luma, on which that depends.
std::vector<int> bands_seen(const PictureCode& code, const Sampling& sampling, int iterations, int rows);

}  // namespace selfsame::pifs
