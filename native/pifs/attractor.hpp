// The attractor of a plane: x = S x + b by repeated application.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/grid.hpp"
#include "core/zeros.hpp"
#include "pifs/plane.hpp"

namespace selfsame::pifs {

inline constexpr int kMaxIterations = 64;
inline constexpr float kSettled = 0.25f;  // largest change of a pixel in the last application, in 1/255

// Luma as the maps of a chroma plane see it: of the same shape, or (ratio 2) twice as large.
struct Luma {
    Grid<const float> values;
    int ratio;
};

inline bool draws(const Map& map) { return map.kind != kNoMap; }
// Whether a map draws from its own plane.
inline bool feeds_back(const Map& map) { return draws(map) && map.kind != kLuma; }

// Whether maps are such as the blocks of a plane of so many pixels may have.
bool are_sound(Row<const Block> blocks, Row<const Map> maps, std::size_t height, std::size_t width);

// The blocks of a plane that have a map. What an application makes of them is computed aside and then put
// in its place: one plane is enough.
//
// All grids have `scale` samples per pixel of the plane in either direction; the arguments must outlive it. A
// map to luma where there is none is a fault of the input.
class MappedBlocks {
public:
    MappedBlocks(Row<const Block> blocks, Row<const Map> maps, int scale, const std::optional<Luma>& luma);

    bool empty() const { return items_.empty(); }
    // Take b from a plane; without it, b is 0.
    void take(Grid<const float> b);
    // Compute S x + b.
    void apply(Grid<const float> x, int threads);
    // Put it in its place; return the largest change of a sample.
    float put(Grid<float> x, int threads) const;
    void subtract_from(Grid<float> x, int threads) const;

private:
    struct Item {
        std::uint32_t block;
        std::size_t offset;  // of its samples
    };

    // The samples of a block in its place, and aside.
    template <typename T>
    Grid<T> place(Grid<T> plane, const Item& item) const;
    template <typename T>
    Grid<T> aside(T* samples, const Item& item) const;

    // Call work(share, items) for all shares of the work.
    template <typename Work>
    void in_shares(int threads, const Work& work) const;

    Row<const Block> blocks_;
    Row<const Map> maps_;
    int scale_;
    std::optional<Luma> luma_;
    std::vector<Item> items_;
    std::vector<std::size_t> shares_;  // where they start, and the end
    Zeros<float> b_, next_;
};

// Replace b, in `x`, by what so many applications make of `start`, or of b.
//
// If no map draws from its own plane one application does; no more are made.
void iterate(Grid<float> x, Row<const Block> blocks, Row<const Map> maps, int scale,
             const std::optional<Luma>& luma, const std::optional<Grid<const float>>& start, int count,
             int threads);

// Replace b, in `x`, by the attractor, and return how many applications it took: until no pixel changes by
// more than kSettled.
int settle(Grid<float> x, Row<const Block> blocks, Row<const Map> maps, const std::optional<Luma>& luma,
           int threads);

}  // namespace selfsame::pifs
