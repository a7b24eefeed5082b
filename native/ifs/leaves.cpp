#include "ifs/leaves.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/parallel.hpp"

namespace selfsame::ifs {

namespace {

constexpr std::size_t kChunk = 1024;  // points that share a chain of starting leaves; fixed: threads change nothing

double leaf_distance(Row<const double> frame, Leaf leaf, Row<const double> shape, double px, double py) {
    const double s = frame[0], dx = px - frame[5], dy = py - frame[6];
    // The inverse of an orthogonal matrix is its transpose.
    double x = (frame[1] * dx + frame[3] * dy) / s - shape[0], y = (frame[2] * dx + frame[4] * dy) / s - shape[1];
    switch (leaf) {
        case Leaf::kDisk:
            return s * (std::sqrt(x * x + y * y) - shape[2]);
        case Leaf::kRectangle: {
            const double c = std::cos(shape[4]), n = std::sin(shape[4]);
            const double bx = std::abs(c * x + n * y) - shape[2], by = std::abs(c * y - n * x) - shape[3];
            const double ox = std::max(bx, 0.0), oy = std::max(by, 0.0);
            return s * (std::sqrt(ox * ox + oy * oy) + std::min(std::max(bx, by), 0.0));
        }
        case Leaf::kSegment: {
            const double ax = shape[2] - shape[0], ay = shape[3] - shape[1];
            const double t = std::clamp((x * ax + y * ay) / (ax * ax + ay * ay + 1e-24), 0.0, 1.0);
            x -= t * ax, y -= t * ay;
            return s * (std::sqrt(x * x + y * y) - shape[4]);
        }
    }
    return 0;
}

}  // namespace

void nearest_leaves(const Words& words, Leaf leaf, Row<const double> shape, Grid<const double> points,
                    Row<std::int64_t> winners, Row<double> distances, int threads) {
    const std::size_t depth = words.starts.size() - 2;
    const auto first_leaf = words.starts[depth];
    parallel_for(threads, (points.height() + kChunk - 1) / kChunk, [&](std::size_t chunk) {
        std::vector<std::int64_t> word(depth + 1), child(depth + 1);
        std::int64_t winner = 0;
        const std::size_t end = std::min((chunk + 1) * kChunk, points.height());
        for (std::size_t p = chunk * kChunk; p < end; ++p) {
            const double x = points(p, 0), y = points(p, 1);
            double best = leaf_distance(words.frames.row(first_leaf + winner), leaf, shape, x, y);
            std::size_t open = depth > 0 ? 1 : 0;  // levels on the way down whose children are being tried
            child[0] = 0;
            while (open > 0) {
                const std::size_t level = open - 1;
                if (child[level] == words.maps) {
                    --open;
                    continue;
                }
                const std::int64_t below = word[level] * words.maps + child[level]++;
                const auto node = static_cast<std::size_t>(words.starts[level + 1] + below);
                const auto ball = words.balls.row(node);
                const double reach = best + ball[2], dx = x - ball[0], dy = y - ball[1];
                if (reach <= 0 || dx * dx + dy * dy >= reach * reach) {
                    continue;
                }
                if (level + 1 == depth) {
                    const double distance = leaf_distance(words.frames.row(node), leaf, shape, x, y);
                    if (distance < best) {
                        best = distance;
                        winner = below;
                    }
                } else {
                    word[level + 1] = below;
                    child[level + 1] = 0;
                    ++open;
                }
            }
            winners[p] = winner;
            distances[p] = best;
        }
    });
}

}  // namespace selfsame::ifs
