#include "ifs/recursion.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "core/parallel.hpp"

namespace selfsame::ifs {

namespace {

// A subtree whose bounding ball is narrower than so many pixels is drawn as a dot; where `half` widens every leaf
// anyway, half of that if it is more.
constexpr double kDotPixels = 0.25;
// A subtree whose bounding ball is narrower than this is left out if its box is full already.
constexpr double kCoveredPixels = 2;

struct Node {
    Affine map;
    std::size_t child;
};

bool draw_tile(const Tree& tree, const Affine& root, const Shape& shape, double half, std::int64_t budget,
               Grid<std::uint8_t> bits) {
    const double rows = static_cast<double>(bits.height()), columns = 8.0 * static_cast<double>(bits.width());
    const std::size_t depth = tree.radii.size() - 1, maps = tree.matrices.height();
    const double dot = std::max(kDotPixels * kSamples, half) / 2;
    std::vector<Node> path;
    path.reserve(64);
    const auto enter = [&](const Affine& map) {
        if (--budget < 0) {
            return;
        }
        const auto [cx, cy] = tree.center;
        const double x = map[0] * cx + map[1] * cy + map[4], y = map[2] * cx + map[3] * cy + map[5];
        const double norm = (std::hypot(map[0] + map[3], map[2] - map[1]) +
                             std::hypot(map[0] - map[3], map[1] + map[2])) / 2;
        const std::size_t level = path.size();
        const double radius = norm * tree.radii[depth - level];
        // Twice `half` outside, since the corner of a widened square reaches sqrt(2) half.
        const double reach = radius + 2 * half;
        const double dx = std::max({-x, x - columns, 0.0}), dy = std::max({-y, y - rows, 0.0});
        if (dx * dx + dy * dy > reach * reach) {
            return;
        }
        if (level == depth) {
            draw_shape(bits, shape, map, half);
        } else if (radius < dot) {
            draw_dot(bits, x, y, std::max(radius, half));
        } else if (!(radius < kCoveredPixels * kSamples / 2 && is_full(bits, x, y, reach))) {
            path.push_back({map, 0});
        }
    };
    enter(root);
    while (!path.empty() && budget >= 0) {
        Node& node = path.back();
        if (node.child == maps) {
            path.pop_back();
            continue;
        }
        const auto a = tree.matrices.row(node.child), b = tree.offsets.row(node.child);
        ++node.child;
        const Affine& m = node.map;
        enter({m[0] * a[0] + m[1] * a[2], m[0] * a[1] + m[1] * a[3], m[2] * a[0] + m[3] * a[2],
               m[2] * a[1] + m[3] * a[3], m[0] * b[0] + m[1] * b[1] + m[4], m[2] * b[0] + m[3] * b[1] + m[5]});
    }
    return budget >= 0;
}

}  // namespace

bool draw_recursion(const Tree& tree, const Affine& to_samples, const Shape& shape, double half,
                    std::int64_t budget, Grid<float> picture, int threads) {
    const std::size_t across = (picture.width() + kTile - 1) / kTile;
    const std::size_t tiles = across * ((picture.height() + kTile - 1) / kTile);
    std::atomic<bool> is_complete = true;
    parallel_for(threads, tiles, [&](std::size_t tile) {
        if (!is_complete) {
            return;
        }
        const std::size_t top = tile / across * kTile, left = tile % across * kTile;
        const std::size_t height = std::min<std::size_t>(kTile, picture.height() - top);
        const std::size_t width = std::min<std::size_t>(kTile, picture.width() - left);
        std::vector<std::uint8_t> memory(height * kSamples * width);
        const Grid bits(memory.data(), height * kSamples, width);
        Affine root = to_samples;
        root[4] -= static_cast<double>(left) * kSamples;
        root[5] -= static_cast<double>(top) * kSamples;
        if (!draw_tile(tree, root, shape, half, budget, bits)) {
            is_complete = false;
            return;
        }
        count_samples(bits, picture.part(top, left, height, width));
    });
    return is_complete;
}

}  // namespace selfsame::ifs
