#include "collage/contexts.hpp"

#include <tuple>
#include <utility>

namespace selfsame::collage {

namespace {

constexpr int kSide = 16;

std::array<Atom, kMaxAtoms> make_atoms() {
    std::array<Atom, kMaxAtoms> made{};
    for (int i = 0; i < kMaxAtoms; ++i) {
        made[i].v = static_cast<std::uint8_t>((i + 1) / kSide);
        made[i].u = static_cast<std::uint8_t>((i + 1) % kSide);
    }
    std::ranges::sort(made, {}, [](const Atom& atom) {
        return std::tuple(atom.v + atom.u, std::max(atom.v, atom.u), atom.v);
    });
    const auto index_of = [&](int v, int u) -> std::uint8_t {
        for (int i = 0; i < kMaxAtoms; ++i) {
            if (made[i].v == v && made[i].u == u) {
                return static_cast<std::uint8_t>(i);
            }
        }
        return kMaxAtoms;
    };
    for (Atom& atom : made) {
        const int v = atom.v, u = atom.u;
        atom.right = index_of(v, u + 1), atom.below = index_of(v + 1, u);
        atom.across = index_of(v + 1, u + 1), atom.right2 = index_of(v, u + 2);
        atom.below2 = index_of(v + 2, u), atom.left = index_of(v, u - 1);
        atom.above = index_of(v - 1, u);
        for (std::size_t k = 0; k < kReach.size(); ++k) {
            atom.reached[k] = index_of(v - kReach[k].down, u - kReach[k].across);
        }
        atom.kind = v == 0 ? 1 : u == 0 ? 2 : 0;
        constexpr std::array<std::pair<int, int>, kSloped> kSlopes = {
            {{0, 1}, {1, 0}, {1, 1}, {0, 2}, {2, 0}}};
        const auto found = std::ranges::find(kSlopes, std::pair(v, u));
        atom.slope = static_cast<std::uint8_t>(found - kSlopes.begin());
    }
    return made;
}

}  // namespace

const std::array<Atom, kMaxAtoms>& atoms() {
    static const auto made = make_atoms();
    return made;
}

}  // namespace selfsame::collage
