#include "pifs/contexts.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <tuple>
#include <vector>

namespace selfsame::pifs {

namespace {

Place place(int v, int u, int log2_height, int log2_width) {
    const int fv = v << (kMaxLog2 - log2_height), fu = u << (kMaxLog2 - log2_width);
    const int octave = std::bit_width(static_cast<unsigned>(std::max({fv, fu, 1}))) - 1;
    const int direction = fu >= 2 * fv ? 0 : fv >= 2 * fu ? 1 : 2;
    return {static_cast<std::uint8_t>(v), static_cast<std::uint8_t>(u),
            static_cast<std::uint8_t>(octave * 3 + direction)};
}

std::vector<Place> make_scan(int log2_height, int log2_width) {
    const int height = 1 << log2_height, width = 1 << log2_width;
    std::vector<Place> places;
    for (int v = 0; v < height; ++v) {
        for (int u = 0; u < width; ++u) {
            places.push_back(place(v, u, log2_height, log2_width));
        }
    }
    std::ranges::stable_sort(places, {}, [&](const Place& p) {
        return std::tuple(p.v * width + p.u * height, std::max(p.v, p.u), p.v);
    });
    return places;
}

struct Scans {
    std::array<std::array<std::vector<Place>, kMaxLog2 + 1>, kMaxLog2 + 1> by_shape;
    std::array<std::uint8_t, 1 << 2 * kMaxLog2> position_classes;

    Scans() {
        for (int lh = kMinLog2; lh <= kMaxLog2; ++lh) {
            for (int lw = kMinLog2; lw <= kMaxLog2; ++lw) {
                if (std::abs(lh - lw) <= 1) {
                    by_shape[lh][lw] = make_scan(lh, lw);
                }
            }
        }
        for (int i = 0; i < static_cast<int>(position_classes.size()); ++i) {
            const int length = std::bit_width(static_cast<unsigned>(i));
            position_classes[i] = static_cast<std::uint8_t>(
                i < 12 ? i : std::min(kPositions - 1, 2 * length + (i >> (length - 2) & 1) + 4));
        }
    }
};

const Scans& scans() {
    static const Scans made;
    return made;
}

}  // namespace

Row<const Place> scan(int log2_height, int log2_width) {
    check(log2_height <= kMaxLog2 && log2_width <= kMaxLog2);
    const auto& places = scans().by_shape[log2_height][log2_width];
    return {places.data(), places.size()};
}

int position_class(int index) { return scans().position_classes[index]; }

}  // namespace selfsame::pifs
