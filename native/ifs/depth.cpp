#include "ifs/depth.hpp"

#include <algorithm>
#include <cmath>

#include "core/bounded.hpp"

namespace selfsame::ifs {

std::int64_t project(Grid<const float> points, Grid<const float> camera, float scale, Grid<std::uint64_t> buffer) {
    const auto height = static_cast<float>(buffer.height()), width = static_cast<float>(buffer.width());
    std::int64_t lost = 0;
    for (std::size_t k = 0; k < points.height(); ++k) {
        const auto point = points.row(k);
        const float x = point[0], y = point[1], z = point[2];
        if (!(std::isfinite(x) && std::isfinite(y) && std::isfinite(z))) {
            ++lost;
            continue;
        }
        const auto along = [&](int axis) { return camera(axis, 0) * x + camera(axis, 1) * y + camera(axis, 2) * z; };
        const float depth = along(2), u = along(0) * scale + width / 2, v = height / 2 - along(1) * scale;
        if (depth > -4 && depth < 4 && u >= 0 && u < width && v >= 0 && v < height) {
            auto key = static_cast<std::uint64_t>((static_cast<double>(depth) + 4) * (kDepthSteps / 8)) << 24;
            for (int c = 0; c < 3; ++c) {
                const float value = bounded(point[3 + c], 0.0f, 1.0f);
                key |= static_cast<std::uint64_t>(value * 255 + 0.5f) << (8 * c);
            }
            std::uint64_t& cell = buffer(static_cast<std::size_t>(v), static_cast<std::size_t>(u));
            cell = std::min(cell, key);
        }
    }
    return lost;
}

}  // namespace selfsame::ifs
