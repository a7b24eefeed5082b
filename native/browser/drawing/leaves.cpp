#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "browser/drawing/ifs.hpp"
#include "core/fail.hpp"
#include "ifs/recursion.hpp"

namespace selfsame::browser {

namespace {

using Place = std::array<double, 2>;

constexpr int kMaxLevels = 20000;
constexpr std::int64_t kMaxNodes = 4000000000, kMaxTileNodes = 50000000;
constexpr std::size_t kCloud = 4096;  // images from which the middle of a tree is taken
constexpr double kUnbounded = 1e100;

// A leaf, with its middle and how far it reaches from there.
struct Leaf {
    ifs::Shape shape;
    Place middle;
    double reach;
};

Leaf leaf_of(const IfsCode& code) {
    const auto& p = code.parameters;
    switch (code.shape) {
        case kDisk:
            return {{ifs::Shape::kCapsule, {p[0], p[1], p[0], p[1], std::abs(p[2])}}, {p[0], p[1]}, std::abs(p[2])};
        case kSegment:
            return {{ifs::Shape::kCapsule, {p[0], p[1], p[2], p[3], std::abs(p[4])}},
                    {(p[0] + p[2]) / 2, (p[1] + p[3]) / 2},
                    std::hypot(p[2] - p[0], p[3] - p[1]) / 2 + std::abs(p[4])};
        default: {
            const double c = std::cos(p[4]), s = std::sin(p[4]);
            return {{ifs::Shape::kParallelogram, {p[0], p[1], p[2] * c, p[2] * s, -p[3] * s, p[3] * c}},
                    {p[0], p[1]},
                    std::hypot(p[2], p[3])};
        }
    }
}

Place image(const IfsCode& code, int i, const Place& place) {
    const double *A = &code.matrices[4 * i], *b = &code.offsets[2 * i];
    return {A[0] * place[0] + A[1] * place[1] + b[0], A[2] * place[0] + A[3] * place[1] + b[1]};
}

// The middle of the box of a place's images: it keeps the balls of subtrees tight.
Place center_of(const IfsCode& code, const Place& start) {
    std::vector<Place> cloud = {start};
    const auto advance = [&] {
        std::vector<Place> images;
        for (const Place& place : cloud) {
            for (int i = 0; i < code.maps; ++i) {
                images.push_back(image(code, i, place));
            }
        }
        cloud = std::move(images);
    };
    while (cloud.size() * code.maps <= kCloud && code.maps > 1) {
        advance();
    }
    if (cloud.size() == 1) {  // one map, or thousands: one level is enough, or all there is
        advance();
    }
    Place center;
    for (int axis = 0; axis < 2; ++axis) {
        const auto [low, high] = std::ranges::minmax(cloud, {}, [&](const Place& place) { return place[axis]; });
        center[axis] = (low[axis] + high[axis]) / 2;
    }
    return center;
}

// Within which distance of the centre the leaves lie that are 0, 1, … levels below the root.
std::vector<double> radii_of(const IfsCode& code, const Place& center, double reach, int depth) {
    const auto distance = [](const Place& a, const Place& b) { return std::hypot(a[0] - b[0], a[1] - b[1]); };
    std::vector<double> radii = {reach};
    for (int level = 1; level <= std::min(depth, kMaxLevels); ++level) {
        double radius = 0;
        for (int i = 0; i < code.maps; ++i) {
            const double* A = &code.matrices[4 * i];
            const double scale = (std::hypot(A[0] + A[3], A[2] - A[1]) + std::hypot(A[0] - A[3], A[1] + A[2])) / 2;
            radius = std::max(radius, distance(image(code, i, center), center) + scale * radii.back());
        }
        radii.push_back(radius);
    }
    return radii;
}

}  // namespace

Picture draw_leaves(const IfsCode& code, int width, int height, const Viewport& view, int depth) {
    const Leaf leaf = leaf_of(code);
    const Place center = center_of(code, leaf.middle);
    const double offset = std::hypot(center[0] - leaf.middle[0], center[1] - leaf.middle[1]);
    const auto radii = radii_of(code, center, leaf.reach + offset, depth);
    if (!std::ranges::all_of(radii, [](double radius) { return radius <= kUnbounded; })) {
        fail(Fault::kInput, "the maps do not contract: depth ", depth, " leaves every bound; use a smaller depth");
    }
    // The plane in units of samples, y down as the rows are.
    const double sx = width * ifs::kSamples / (view[2] - view[0]), sy = height * ifs::kSamples / (view[3] - view[1]);
    const ifs::Affine to_samples = {sx, 0, 0, -sy, -sx * view[0], sy * view[3]};
    const std::int64_t tiles = std::int64_t((width + ifs::kTile - 1) / ifs::kTile) *
                               ((height + ifs::kTile - 1) / ifs::kTile);
    const std::size_t maps = code.maps;
    Picture picture{std::vector<float>(std::size_t(width) * height), 1};
    const ifs::Tree tree{Grid(code.matrices.data(), maps, std::size_t(4)),
                         Grid(code.offsets.data(), maps, std::size_t(2)),
                         center,
                         {radii.data(), radii.size()}};
    constexpr double kHairline = 1;  // least width of a leaf, in pixels
    if (!ifs::draw_recursion(tree, to_samples, leaf.shape, kHairline * ifs::kSamples / 2,
                             std::max(kMaxTileNodes, kMaxNodes / tiles),
                             Grid(picture.values.data(), std::size_t(height), std::size_t(width)), 1)) {
        fail(Fault::kInput, "the tree of ", code.maps, " maps is too large at depth ", depth,
             "; use a smaller depth or draw points instead");
    }
    return picture;
}

}  // namespace selfsame::browser
