#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "browser/drawing/ifs.hpp"
#include "browser/drawing/points.hpp"
#include "ifs/depth.hpp"

namespace selfsame::browser {

namespace {

constexpr std::uint64_t kSharePoints = 1 << 18, kPointsPerCell = 16;
constexpr std::uint64_t kFewestPoints = 100000, kMostPoints = std::uint64_t(1) << 28;
constexpr std::size_t kFitPoints = 65536;
constexpr double kFarLight = 0.35;       // of the farthest point; the nearest has 1
constexpr double kEdgeStrength = 12;     // how dark a cell becomes whose neighbours are nearer
constexpr std::uint64_t kEmpty = std::numeric_limits<std::uint64_t>::max();
constexpr float kNowhere = 8;  // depth of an empty cell, in radii

struct Ball {
    std::array<double, 3> center;
    double radius;
};

// A ball that holds the points of a system.
Ball ball_of(const IfsCode& code, std::uint64_t seed) {
    const Maps maps = maps_of(code, false);
    std::vector<float> memory(3 * kFitPoints);
    const Grid<float> points(memory.data(), kFitPoints, 3);
    PointSource(maps, no_words(maps), kFitPoints, seed).fill(0, points);
    std::array<double, 3> low, high;
    low.fill(std::numeric_limits<double>::infinity());
    high.fill(-std::numeric_limits<double>::infinity());
    double farthest = 0;
    for (std::size_t i = 0; i < kFitPoints; ++i) {
        for (int axis = 0; axis < 3; ++axis) {
            const double value = points(i, axis);
            if (!std::isfinite(value)) {
                refuse_escape();
            }
            low[axis] = std::min(low[axis], value), high[axis] = std::max(high[axis], value);
            farthest = std::max(farthest, std::abs(value));
        }
    }
    Ball ball{};
    for (int axis = 0; axis < 3; ++axis) {
        ball.center[axis] = (low[axis] + high[axis]) / 2;
    }
    for (std::size_t i = 0; i < kFitPoints; ++i) {
        double square = 0;
        for (int axis = 0; axis < 3; ++axis) {
            const double offset = points(i, axis) - ball.center[axis];
            square += offset * offset;
        }
        ball.radius = std::max(ball.radius, std::sqrt(square));
    }
    ball.radius = 1.02 * (ball.radius <= 1e-6 * farthest ? 1 : ball.radius);  // of a single point any window does
    return ball;
}

// Right, up and away from the viewer.
std::array<float, 9> camera_of(double azimuth, double elevation) {
    constexpr double kDegree = std::numbers::pi / 180;
    const double a = azimuth * kDegree, e = elevation * kDegree;
    const std::array<double, 3> right = {std::cos(a), std::sin(a), 0};
    const std::array<double, 3> away = {-std::sin(a) * std::cos(e), std::cos(a) * std::cos(e), -std::sin(e)};
    std::array<float, 9> camera;
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        camera[i] = static_cast<float>(right[i]);
        camera[3 + i] = static_cast<float>(right[j] * away[k] - right[k] * away[j]);
        camera[6 + i] = static_cast<float>(away[i]);
    }
    return camera;
}

// The picture of a depth buffer: near points are lighter, and edges in depth darken what lies behind them.
std::vector<float> shaded(const std::vector<std::uint64_t>& nearest, int width, int height, bool is_colored) {
    const int channels = is_colored ? 3 : 1;
    std::vector<float> picture(nearest.size() * channels), depth(nearest.size(), kNowhere);
    float near = kNowhere, far = -kNowhere;
    for (std::size_t i = 0; i < nearest.size(); ++i) {
        if (nearest[i] != kEmpty) {
            depth[i] = static_cast<float>(static_cast<float>(nearest[i] >> 24) * (8 / ifs::kDepthSteps));
            near = std::min(near, depth[i]), far = std::max(far, depth[i]);
        }
    }
    const double span = std::max<double>(static_cast<double>(far) - near, 1e-6);
    const int step = std::max(1, std::min(width, height) / 400);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const std::size_t i = std::size_t(y) * width + x;
            if (nearest[i] == kEmpty) {
                continue;
            }
            const auto at = [&](int row, int column) {
                return depth[std::size_t(std::clamp(row, 0, height - 1)) * width + std::clamp(column, 0, width - 1)];
            };
            double behind = 0;  // empty neighbours lie at infinity and do not darken
            for (const float beside : {at(y, x + step), at(y, x - step), at(y + step, x), at(y - step, x)}) {
                behind += std::max(depth[i] - beside, 0.0f) / 4;
            }
            const double light = (1 - (1 - kFarLight) * (depth[i] - near) / span) *
                                 std::exp(-kEdgeStrength * behind / span * 0.25);
            for (int c = 0; c < channels; ++c) {
                const double color = is_colored ? static_cast<double>(nearest[i] >> (8 * c) & 255) / 255 : 1;
                picture[i * channels + c] = static_cast<float>(color * std::clamp(light, 0.0, 1.0));
            }
        }
    }
    return picture;
}

}  // namespace

Picture draw_space(const IfsCode& code, const SpaceOptions& options) {
    const int s = options.supersample, width = options.width * s, height = options.height * s;
    const std::uint64_t cells = std::uint64_t(width) * height;
    const std::uint64_t points =
        options.points ? options.points : std::min(std::max(kPointsPerCell * cells, kFewestPoints), kMostPoints);
    const Ball ball = ball_of(code, options.seed);
    const double pixels = options.zoom * std::min(width, height) / (2 * ball.radius);
    // Points are relative to the centre and in radii, for single precision.
    Maps maps = maps_of(code, true);
    for (int i = 0; i < code.maps; ++i) {
        for (int row = 0; row < 3; ++row) {
            double moved = code.offsets[3 * i + row];
            for (int k = 0; k < 3; ++k) {
                moved += code.matrices[(3 * i + row) * 3 + k] * ball.center[k];
            }
            maps.offsets[i * maps.dimension + row] = (moved - ball.center[row]) / ball.radius;
        }
    }
    const auto camera = camera_of(options.azimuth, options.elevation);
    std::vector<std::uint64_t> buffer(static_cast<std::size_t>(cells), kEmpty);
    PointSource(maps, no_words(maps), kSharePoints, options.seed)
        .draw(points, kSharePoints, [&](Grid<const float> part) {
            const auto lost = ifs::project(part, Grid(camera.data(), std::size_t(3), std::size_t(3)),
                                           static_cast<float>(pixels * ball.radius),
                                           Grid(buffer.data(), std::size_t(height), std::size_t(width)));
            return lost == static_cast<std::int64_t>(part.height());
        });
    const bool is_colored = !code.colors.empty();
    const int channels = is_colored ? 3 : 1;
    return {averaged(shaded(buffer, width, height, is_colored), options.width, options.height, s, channels), channels};
}

}  // namespace selfsame::browser
