// Pictures of collages, as selfsame/collage/codec/decode.py and collage/operator make them with torch, where there
// is none.
#pragma once

#include <array>
#include <vector>

#include "browser/drawing/picture.hpp"
#include "browser/files/codes.hpp"

namespace selfsame::browser {

// The half of a model that a file needs; see CollageDecoder in selfsame/collage/network/model.py.
struct CollageModel {
    int overlap;                     // 8, or 0
    float bound;                     // on a range's domain weights, in all
    std::vector<int> factors;        // how many times as large as a range each domain is
    std::array<int, 2> atoms;        // of luma, of chroma
    std::array<std::vector<float>, 2> blocks;  // of these, each a square of 16 + 2 · overlap
    std::vector<float> log_steps;    // of all numbers of a range
};

// Take a model from the numbers that the page has read: overlap, bound, how many factors, these, atoms, and then
// blocks and steps. `shape` is the text that its fingerprint begins with; a model of another than the code's is a
// fault of the input.
CollageModel read_collage_model(Row<const float> numbers, Bytes shape, const CollageCode& code);

// Draw a collage of width × height pixels at another size.
Picture draw_collage(const CollageCode& code, const CollageModel& model, int width, int height, int out_width,
                     int out_height, int iterations);

}  // namespace selfsame::browser
