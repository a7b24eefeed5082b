// Pictures of systems; see selfsame/ifs/render.
#pragma once

#include <cstdint>

#include "browser/drawing/picture.hpp"
#include "browser/drawing/systems.hpp"
#include "browser/files/codes.hpp"

namespace selfsame::browser {

// What each pixel shows: the fraction that points fell into; counts over the largest; log(1 + count) over the
// largest; the mean colour of the points times the fraction covered; the mean colour times that logarithm.
enum class IfsMode : int { kBinary, kGrey, kLog, kColor, kFlame };

struct IfsOptions {
    int width, height;
    Viewport view;
    IfsMode mode;
    std::uint64_t points;  // 0 is by default
    int supersample;       // 0 is by default
    std::uint64_t seed;
};

// Draw the points of a planar system. A system whose points all escape is a fault of the input.
Picture draw_points(const IfsCode& code, const IfsOptions& options);

// Draw the code's primitive, which it has, at every leaf of a recursion: grey. Maps that do not contract, or too large
// a tree, are a fault of the input.
Picture draw_leaves(const IfsCode& code, int width, int height, const Viewport& view, int depth);

// Draw a system of space, seen from a direction in degrees.
struct SpaceOptions {
    int width, height;
    double azimuth, elevation, zoom;
    std::uint64_t points;  // 0 is by default
    int supersample;
    std::uint64_t seed;
};
Picture draw_space(const IfsCode& code, const SpaceOptions& options);

}  // namespace selfsame::browser
