#include "pifs/partition.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "core/blocks.hpp"
#include "core/bounded.hpp"
#include "core/parallel.hpp"
#include "pifs/dct.hpp"

namespace selfsame::pifs {

namespace {

constexpr float kFlat = 1e-3f;  // energy of a domain below which it predicts nothing

// Bits of a node that becomes a leaf, four nodes, two halves; averages over photographs.
constexpr float kLeafBits = 0.6f, kQuadBits = 1.6f, kHalvesBits = 2.6f;

// The mean of the pixels just above and to the left of a block.
float border(Grid<const float> pixels, int top, int left, int lh, int lw) {
    const int h = 1 << lh, w = 1 << lw;
    float above = 0, beside = 0;
    if (top > 0) {
        for (const float pixel : pixels.row(top - 1).part(left, w)) {
            above += pixel;
        }
    }
    if (left > 0) {
        for (int i = 0; i < h; ++i) {
            beside += pixels(top + i, left - 1);
        }
    }
    if (top > 0 && left > 0) {
        return (above + beside) / static_cast<float>(h + w);
    }
    return top > 0 ? above / static_cast<float>(w) : beside / static_cast<float>(h);
}

// The cost of a block, and the map with which it has this cost.
struct Candidate {
    float cost = kInfeasible;
    Map map{};
};

// Blocks of one shape in a superblock, row by row.
class Shape {
public:
    void reset(int log2_height, int log2_width) {
        columns_ = kSuperblock >> log2_width;
        choices_.assign(std::size_t(kSuperblock >> log2_height) * columns_, {});
    }
    Candidate& at(int row, int column) { return choices_[std::size_t(row) * columns_ + column]; }

private:
    int columns_ = 0;
    std::vector<Candidate> choices_;
};

// Everything that pricing one superblock needs.
class Superblock {
public:
    Superblock(Grid<const float> pixels, Grid<const float> reference, const std::optional<Luma>& luma,
               const std::vector<Candidates>& candidates, const CostTables& tables, const Price& price,
               Shapes shapes)
        : pixels_(pixels),
          reference_(reference),
          luma_(luma),
          candidates_(candidates),
          tables_(tables),
          price_(price),
          allowed_(shapes) {}

    // Append the cheapest partition of the superblock at (y, x).
    void divide(int y, int x, Partition& result) {
        y_ = y, x_ = x;
        height_ = std::min<int>(kSuperblock, static_cast<int>(pixels_.height()) - y);
        width_ = std::min<int>(kSuperblock, static_cast<int>(pixels_.width()) - x);
        price_shapes();
        emit(0, 0, kMaxLog2, prune(0, 0, kMaxLog2), result);
    }

private:
    struct Node {
        float cost;
        Split split = Split::kLeaf;
        std::array<std::uint32_t, 4> children{};
    };

    // Price all whole blocks of all shapes, first without a map.
    void price_shapes() {
        load();
        transpose(loaded_, mirrored_);
        for (int lw = kMinLog2; lw <= kMaxLog2; ++lw) {
            transform_columns(mirrored_, lw, across_);
            transpose(across_, turned_);
            for (int lh = std::max(kMinLog2, lw - 1); lh <= std::min(kMaxLog2, lw + 1); ++lh) {
                transform_columns(turned_, lh, spectra_);
                shapes_[lh][lw].reset(lh, lw);
                if (!(allowed_ & shape_bit(lh, lw))) {
                    continue;
                }
                price_plain(lh, lw);
                if (lh == lw) {
                    price_maps(lh);
                }
            }
        }
    }

    void load() {
        loaded_ = {};
        for (int i = 0; i < height_; ++i) {
            std::ranges::copy(pixels_.row(y_ + i).part(x_, width_), loaded_.row(i));
        }
    }

    template <typename Work>
    void for_blocks(int lh, int lw, const Work& work) {
        for (int row = 0; (row + 1) << lh <= height_; ++row) {
            for (int column = 0; (column + 1) << lw <= width_; ++column) {
                work(row, column);
            }
        }
    }

    void price_plain(int lh, int lw) {
        for_blocks(lh, lw, [&](int row, int column) {
            const int y = row << lh, x = column << lw;
            shapes_[lh][lw].at(row, column).cost =
                block_cost(spectra_.row(y) + x, kSuperblock, lh, lw, border(pixels_, y_ + y, x_ + x, lh, lw), tables_,
                           price_, magnitudes_);
        });
    }

    void price_maps(int log2) {
        bool is_flagged = false;
        for (const Candidates& candidates : candidates_) {
            if (candidates.log2 != log2 || candidates.maps.height() == 0) {
                continue;
            }
            Shape& shape = shapes_[log2][log2];
            const bool is_one = candidates.maps.height() * candidates.maps.width() == 1;
            for_blocks(log2, log2, [&](int row, int column) {
                auto& choice = shape.at(row, column);
                if (!is_flagged) {
                    choice.cost += static_cast<float>(price_.of_bit * tables_.no_map());
                }
                Map map = is_one ? candidates.maps(0, 0)
                                 : candidates.maps((y_ >> log2) + row, (x_ >> log2) + column);
                const float cost = draws(map) ? cost_with(map, row << log2, column << log2, log2)
                                              : kInfeasible;
                if (cost < choice.cost) {
                    choice = {cost, map};
                }
            });
            is_flagged = true;
        }
    }

    // The cost of a block with a map, of which this sets the scale by least squares.
    float cost_with(Map& map, int y, int x, int log2) {
        const int n = 1 << log2, kind = map.kind;
        const int top = y_ + y, left = x_ + x;
        const bool is_luma = kind == kLuma;
        const int k = is_luma ? luma_->ratio : contraction(kind);
        const auto& source = is_luma ? luma_->values : reference_;
        const std::size_t from_y = is_luma ? std::size_t(top) * k : map.domain_y;
        const std::size_t from_x = is_luma ? std::size_t(left) * k : map.domain_x;
        const Grid<float> moved(domain_.values, n, n, kSuperblock);
        float row[kSuperblock];
        for (int u = 0; u < n; ++u) {
            pool_row(source, from_y + std::size_t(k) * u, from_x, k, n, row);
            put_row(row, u, map.isometry, moved);
        }
        transform_block(domain_, log2, log2, scratch_);
        double product = 0, energy = 0;
        for (int i = 0; i < n; ++i) {
            const float *own = spectra_.row(y + i) + x, *theirs = domain_.row(i);
            float products = 0, energies = 0;
            for (int j = i == 0 ? 1 : 0; j < n; ++j) {  // all but the mean
                products += own[j] * theirs[j];
                energies += theirs[j] * theirs[j];
            }
            product += products;
            energy += energies;
        }
        int index = 0;
        if (energy > kFlat) {
            index = static_cast<int>(bounded<double>(std::rint(product / energy / kScaleStep),
                                                     -kMaxScaleIndex, kMaxScaleIndex));
        }
        if (index == 0) {
            return kInfeasible;
        }
        map.scale = index;
        const float scale = static_cast<float>(index) * kScaleStep;
        domain_.values[0] = 0;
        for (int i = 0; i < n; ++i) {
            const float* own = spectra_.row(y + i) + x;
            float* rest = domain_.row(i);
            for (int j = 0; j < n; ++j) {
                rest[j] = own[j] - scale * rest[j];
            }
        }
        return block_cost(domain_.values, kSuperblock, log2, log2, border(pixels_, top, left, log2, log2), tables_,
                          price_, magnitudes_) +
               static_cast<float>(price_.of_bit) * tables_.map_bits(map, top, left, log2);
    }

    float cost_of(int lh, int lw, int y, int x) { return shapes_[lh][lw].at(y >> lh, x >> lw).cost; }

    // Return the cheapest subtree of the node of side 2^log2 at (y, x) of the superblock.
    Node prune(int y, int x, int log2) {
        if (y >= height_ || x >= width_) {
            return {0};
        }
        if (log2 == kMinLog2) {
            return {cost_of(log2, log2, y, x)};
        }
        const int half = 1 << (log2 - 1);
        Node quad{0, Split::kQuad};
        for (int k = 0; k < 4; ++k) {
            const Node child = prune(y + (k >> 1) * half, x + (k & 1) * half, log2 - 1);
            quad.cost += child.cost;
            quad.children[k] = static_cast<std::uint32_t>(nodes_.size());
            nodes_.push_back(child);
        }
        if (y + 2 * half > height_ || x + 2 * half > width_) {
            return quad;
        }
        const auto price = static_cast<float>(price_.of_bit);
        quad.cost += price * kQuadBits;
        Node best{cost_of(log2, log2, y, x) + price * kLeafBits};
        if (quad.cost < best.cost) {
            best = quad;
        }
        const float rows = cost_of(log2 - 1, log2, y, x) + cost_of(log2 - 1, log2, y + half, x) +
                           price * kHalvesBits;
        if (rows < best.cost) {
            best = {rows, Split::kRows};
        }
        const float columns = cost_of(log2, log2 - 1, y, x) + cost_of(log2, log2 - 1, y, x + half) +
                              price * kHalvesBits;
        if (columns < best.cost) {
            best = {columns, Split::kColumns};
        }
        return best;
    }

    void emit(int y, int x, int log2, const Node& node, Partition& result) {
        if (y >= height_ || x >= width_) {
            return;
        }
        const int half = 1 << (log2 - 1);
        const auto add = [&](int top, int left, int lh, int lw) {
            result.blocks.push_back({y_ + top, x_ + left, lh, lw});
            result.maps.push_back(shapes_[lh][lw].at(top >> lh, left >> lw).map);
        };
        switch (node.split) {
            case Split::kLeaf:
                add(y, x, log2, log2);
                break;
            case Split::kQuad:
                for (int k = 0; k < 4; ++k) {
                    emit(y + (k >> 1) * half, x + (k & 1) * half, log2 - 1, nodes_[node.children[k]],
                         result);
                }
                break;
            case Split::kRows:
                add(y, x, log2 - 1, log2);
                add(y + half, x, log2 - 1, log2);
                break;
            case Split::kColumns:
                add(y, x, log2, log2 - 1);
                add(y, x + half, log2, log2 - 1);
        }
        if (log2 == kMaxLog2) {
            nodes_.clear();
        }
    }

    Grid<const float> pixels_, reference_;
    const std::optional<Luma>& luma_;
    const std::vector<Candidates>& candidates_;
    const CostTables& tables_;
    const Price& price_;
    Shapes allowed_;
    int y_ = 0, x_ = 0, height_ = 0, width_ = 0;
    Tile loaded_, mirrored_, across_, turned_, spectra_, domain_{}, scratch_{};
    std::array<std::array<Shape, kMaxLog2 + 1>, kMaxLog2 + 1> shapes_;
    std::vector<Node> nodes_;
    Magnitudes magnitudes_;
};

}  // namespace

Partition cheapest_partition(Grid<const float> pixels, Grid<const float> reference,
                             const std::optional<Luma>& luma, const std::vector<Candidates>& candidates,
                             const CostTables& tables, const Price& price, Shapes shapes, int threads) {
    const std::size_t rows = (pixels.height() + kSuperblock - 1) / kSuperblock;
    std::vector<Partition> parts(rows);
    parallel_for(threads, rows, [&](std::size_t row) {
        const auto superblock =
            std::make_unique<Superblock>(pixels, reference, luma, candidates, tables, price, shapes);
        for (std::size_t x = 0; x < pixels.width(); x += kSuperblock) {
            superblock->divide(static_cast<int>(row) * kSuperblock, static_cast<int>(x), parts[row]);
        }
    });
    Partition result;
    for (const Partition& part : parts) {
        result.blocks.insert(result.blocks.end(), part.blocks.begin(), part.blocks.end());
        result.maps.insert(result.maps.end(), part.maps.begin(), part.maps.end());
    }
    return result;
}

void shape_costs(Grid<const float> pixels, int log2_height, int log2_width, const CostTables& tables,
                 const Price& price, Grid<float> costs) {
    const auto block = std::make_unique<Tile>(), scratch = std::make_unique<Tile>();
    Magnitudes magnitudes;
    for (int row = 0; row < static_cast<int>(costs.height()); ++row) {
        for (int column = 0; column < static_cast<int>(costs.width()); ++column) {
            const int y = row << log2_height, x = column << log2_width;
            for (int i = 0; i < 1 << log2_height; ++i) {
                std::ranges::copy(pixels.row(y + i).part(x, 1 << log2_width), block->row(i));
            }
            transform_block(*block, log2_height, log2_width, *scratch);
            costs(row, column) =
                block_cost(block->values, kSuperblock, log2_height, log2_width,
                           border(pixels, y, x, log2_height, log2_width), tables, price, magnitudes);
        }
    }
}

}  // namespace selfsame::pifs
