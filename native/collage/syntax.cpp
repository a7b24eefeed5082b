#include "collage/syntax.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "coding/numbers.hpp"
#include "collage/contexts.hpp"

namespace selfsame::collage {

namespace {

using coding::code_number;
using coding::floor_divide;
using coding::kLengths;

constexpr int kGuesses = 4;
// Errors beyond it are alike. Keeps the weights of guesses above zero, and sums within 64 bits.
constexpr std::int64_t kMaxOff = 1 << 10;
// Magnitudes beyond it are expected to surprise. It keeps the energies within a byte.
constexpr int kCap = 15;

// Class of the index of a quantiser step: one per octave around 128.
constexpr int rate_class(int step) { return std::clamp((step - 64) >> 4, 0, kRates - 1); }
static_assert(rate_class(79) == 0 && rate_class(80) == 1 && rate_class(128) == 4 && rate_class(192) == 7);

// One plane on its way through the coder, and what is known of its coded part.
struct State {
    explicit State(Plane& plane)
        : plane(plane),
          rows(plane.rows),
          columns(plane.columns),
          residuals(std::size_t(rows) * columns),
          energy(std::size_t(rows) * columns * plane.atoms),
          lasts(std::size_t(rows) * columns),
          agreement(std::size_t(rows) * columns),
          mixed(std::size_t(rows) * columns) {}

    std::size_t at(int row, int column) const {
        check(unsigned(row) < unsigned(rows) && unsigned(column) < unsigned(columns));
        return std::size_t(row) * columns + column;
    }
    std::int32_t& bias(int row, int column) { return plane.symbols.data()[at(row, column)]; }
    std::int32_t& weight(int row, int column, int atom) {
        check(atom < plane.atoms);
        return plane.symbols.data()[std::size_t(1 + atom) * rows * columns + at(row, column)];
    }
    std::int32_t& domain(int row, int column, int domain) {
        return plane.symbols.data()[std::size_t(1 + plane.atoms + domain) * rows * columns + at(row, column)];
    }
    std::uint8_t* energies(int row, int column) { return energy.data() + at(row, column) * plane.atoms; }

    // The weight, and the class of the energy, at a frequency that this plane may lack.
    std::int32_t weight_or_0(int row, int column, int atom) {
        return atom < plane.atoms ? weight(row, column, atom) : 0;
    }
    int energy_class_or_0(int row, int column, int atom) {
        return atom < plane.atoms ? energy_class(2 * energies(row, column)[atom]) : 0;
    }

    Plane& plane;
    int rows, columns;
    std::vector<std::int32_t> residuals;  // of the biases
    Zeros<std::uint8_t> energy;           // magnitudes of the weights around each frequency
    std::vector<std::int16_t> lasts;      // 1 + index of the last weight that is not zero
    std::vector<std::int8_t> agreement;   // whether signs are those of the plane before
    std::vector<std::uint8_t> mixed;      // whether any domain has a weight
};

// What the weights of one range tell of each other. Templates behind the last weight of a range are kept
// for the next, and from plane to plane: the format has it so.
struct Scratch {
    std::array<std::int32_t, kMaxAtoms + 1> magnitudes{};  // of the weights coded; the last place stays zero
    std::array<std::int64_t, kMaxAtoms + 1> templates{};   // what they let expect of lower frequencies
};

template <typename Coder>
class PlaneCoder {
public:
    // `first` and `second` help to predict plane `index`: Y and Y for Cb, Y and Cb for Cr.
    PlaneCoder(Coder& coder, State& plane, State& first, State& second, int index, int rate,
               Scratch& scratch)
        : coder_(coder),
          plane_(plane),
          first_(first),
          second_(second),
          index_(index),
          chroma_(std::min(index, 1)),
          rate_(rate),
          magnitudes_(scratch.magnitudes),
          templates_(scratch.templates) {}

    bool run() {
        if (!code_biases()) {
            return false;
        }
        for (int row = 0; row < plane_.rows; ++row) {
            for (int column = 0; column < plane_.columns; ++column) {
                code_weights(row, column);
                code_domains(row, column);
                if (coder_.is_overrun()) {
                    return false;
                }
            }
        }
        return true;
    }

private:
    using Guesses = std::array<std::int64_t, kGuesses>;

    // Set four guesses at a bias from those above and to the left; return how rough these are.
    //
    // The guesses are the bias to the left, the one above, the median of both and their sum minus the one
    // between them, and a linear combination of the five around. Outside the picture the nearest bias
    // stands in; the first of all is guessed to be 0. Source of the median: Weinberger, Seroussi, Sapiro,
    // "LOCO-I", 1996.
    std::int64_t predict_bias(int row, int column, Guesses& guesses) {
        if (row == 0 && column == 0) {
            guesses.fill(0);
            return 0;
        }
        std::int64_t left, above, corner, further;
        if (row == 0) {
            left = above = corner = further = plane_.bias(0, column - 1);
        } else if (column == 0) {
            left = above = corner = further = plane_.bias(row - 1, 0);
        } else {
            left = plane_.bias(row, column - 1);
            above = plane_.bias(row - 1, column);
            corner = plane_.bias(row - 1, column - 1);
            further = corner;
        }
        if (row > 0) {
            further = plane_.bias(row - 1, std::min(column + 1, plane_.columns - 1));
        }
        const std::int64_t before = column > 1 ? plane_.bias(row, column - 2) : left;
        guesses[0] = left, guesses[1] = above;
        guesses[2] = std::clamp(left + above - corner, std::min(left, above), std::max(left, above));
        guesses[3] = (70 * left + 51 * above - 13 * corner + 15 * further + 5 * before + 64) >> 7;
        return std::abs(left - corner) + std::abs(above - corner) + std::abs(further - above) +
               std::abs(left - before);
    }

    // The mean of the guesses, weighted by the inverse square of how far each was off in the four ranges
    // around; `errors` are of this row and of the one above, in turn.
    std::int64_t blend(const Guesses& guesses, const std::array<std::vector<Guesses>, 2>& errors, int row,
                       int column) const {
        std::int64_t total = 0, weights = 0;
        for (int k = 0; k < kGuesses; ++k) {
            std::int64_t off = 1;
            if (column > 0) {
                off += errors[row & 1][column - 1][k];
            }
            if (row > 0) {
                for (int j = std::max(column - 1, 0); j < std::min(column + 2, plane_.columns); ++j) {
                    off += errors[1 - (row & 1)][j][k];
                }
            }
            off = std::min(off, kMaxOff);
            const std::int64_t weight = (1 << 24) / (off * off);
            total += weight * guesses[k];
            weights += weight;
        }
        return floor_divide(2 * total + weights, 2 * weights);
    }

    bool code_biases() {
        auto& residuals = plane_.residuals;
        const int columns = plane_.columns;
        std::array<std::vector<Guesses>, 2> errors;
        errors.fill(std::vector<Guesses>(columns));
        for (int row = 0; row < plane_.rows; ++row) {
            for (int column = 0; column < columns; ++column) {
                const std::size_t here = plane_.at(row, column);
                if constexpr (!Coder::kDecoding) {  // what is farther off the guess than a number reaches is cut
                    if (std::abs(std::int64_t(plane_.bias(row, column))) > kMaxBias) {
                        return false;
                    }
                }
                Guesses guesses;
                const std::int64_t rough = predict_bias(row, column, guesses);
                const std::int64_t predicted = blend(guesses, errors, row, column);
                const std::int64_t left = column > 0 ? residuals[here - 1] : 0;
                const std::int64_t above = row > 0 ? residuals[here - columns] : 0;
                const std::int64_t corner = row > 0 && column > 0 ? residuals[here - columns - 1] : 0;
                const std::int64_t further =
                    row > 0 && column + 1 < columns ? residuals[here - columns + 1] : 0;
                const std::int64_t near =
                    2 * (std::abs(left) + std::abs(above)) + std::abs(corner) + std::abs(further);
                const int rough_class = spread_class(rough), near_class = spread_class(near >> 1);
                const std::int64_t in_first = index_ > 0 ? first_.residuals[first_.at(row, column)] : 0;
                const std::int64_t in_second = index_ > 1 ? second_.residuals[second_.at(row, column)] : 0;
                const int others = spread_class(2 * std::abs(in_first)) * kSpreads +
                                   spread_class(2 * std::abs(in_second));
                const int both = (chroma_ * kSpreads + rough_class) * kSpreads + near_class;
                const coding::Contexts<5> contexts = {
                    kSlots.bias_spread + (index_ * kSpreads + rough_class) * kLengths,
                    kSlots.bias_near + (index_ * kSpreads + near_class) * kLengths,
                    kSlots.bias_luma + (index_ * kSpreads * kSpreads + others) * kLengths,
                    kSlots.bias_both + both * kLengths,
                    kSlots.bias_rate + (index_ * kRates + rate_) * kLengths,
                };
                std::int64_t residual = plane_.bias(row, column) - predicted;
                const std::int32_t size = code_number(
                    coder_, static_cast<std::int32_t>(std::abs(residual)), contexts, kSets.bias + index_,
                    kSlots.bias_bits + index_ * kLengths * 8, kSlots.bias_low + index_ * kLengths, kBiases);
                bool is_negative = residual < 0;
                if (size > 0) {
                    // Which way the bias above to the right pulls.
                    const std::int64_t lean = row > 0 && column + 1 < columns
                                                  ? plane_.bias(row - 1, column + 1) - predicted
                                                  : 0;
                    const int planes =
                        (sign_class(in_first) * 3 + sign_class(in_second)) * 3 + sign_class(left);
                    const coding::Contexts<3> signs = {
                        kSlots.bias_sign_near + index_ * 9 + sign_class(left) * 3 + sign_class(above),
                        kSlots.bias_sign_other + index_ * kGradients + gradient_class(lean),
                        kSlots.bias_sign_luma + index_ * 27 + planes,
                    };
                    is_negative = coder_.code_mixed(is_negative, signs, kSets.bias_sign + index_, kBiases);
                }
                residual = is_negative ? -size : size;
                const std::int64_t bias = predicted + residual;
                if (std::abs(bias) > kMaxBias || coder_.is_overrun()) {
                    return false;
                }
                plane_.bias(row, column) = static_cast<std::int32_t>(bias);
                residuals[here] = static_cast<std::int32_t>(residual);
                for (int k = 0; k < kGuesses; ++k) {
                    errors[row & 1][column][k] = std::abs(bias - guesses[k]);
                }
            }
        }
        return true;
    }

    // Set the differences of the biases around a range that foretell its first atoms; return how rough the
    // biases are.
    std::int64_t measure_biases(int row, int column) {
        const int up = std::max(row - 1, 0), down = std::min(row + 1, plane_.rows - 1);
        const int left = std::max(column - 1, 0), right = std::min(column + 1, plane_.columns - 1);
        const auto bias = [&](int y, int x) { return static_cast<std::int64_t>(plane_.bias(y, x)); };
        const std::int64_t here = bias(row, column), west = bias(row, left), east = bias(row, right);
        const std::int64_t north = bias(up, column), south = bias(down, column);
        gradients_ = {east - west, south - north,
                      bias(down, right) + bias(up, left) - bias(down, left) - bias(up, right),
                      west + east - 2 * here, north + south - 2 * here};
        return std::abs(here - west) + std::abs(here - east) + std::abs(here - north) +
               std::abs(here - south);
    }

    // What lies around a range: at the edges the nearest stands in.
    template <typename Value>
    std::array<int, 4> around(int row, int column, const Value& value) {
        int left = column > 0 ? value(row, column - 1) : 0;
        const int above = row > 0 ? value(row - 1, column) : left;
        left = column > 0 ? left : above;
        const int corner = row > 0 && column > 0 ? value(row - 1, column - 1) : left;
        const int further = row > 0 && column + 1 < plane_.columns ? value(row - 1, column + 1) : above;
        return {left, above, corner, further};
    }

    // Code 1 + the index of the last weight that is not zero, 0 if all are; `rough` is the class of the
    // roughness of the biases.
    int code_extent(int row, int column, int rough, int last) {
        const auto [left, above, corner, further] = around(
            row, column, [&](int y, int x) { return static_cast<int>(plane_.lasts[plane_.at(y, x)]); });
        const int near = position_class((2 * (left + above) + corner + further) / 6);
        const int octave = std::min(near >> 2, kOctaves - 1);
        int in_first = further, in_second = corner;
        if (index_ > 0) {
            in_first = first_.lasts[first_.at(row, column)];
            in_second = second_.lasts[second_.at(row, column)];
        }
        const auto length = [](int value) { return std::min(coding::bit_length(value), 7); };
        const int others =
            (chroma_ * kPositions + position_class(in_first)) * kPositions + position_class(in_second);
        const coding::Contexts<5> contexts = {
            kSlots.last_near + (chroma_ * kPositions + near) * kLengths,
            kSlots.last_sides + ((chroma_ * 8 + length(left)) * 8 + length(above)) * kLengths,
            kSlots.last_rate + (index_ * kRates + rate_) * kLengths,
            kSlots.last_spread + ((chroma_ * kSpreads + rough) * kOctaves + octave) * kLengths,
            kSlots.last_other + others * kLengths,
        };
        const int read = code_number(coder_, last, contexts, kSets.last + index_,
                                     kSlots.last_bits + chroma_ * kLengths * 8,
                                     kSlots.last_low + chroma_ * kLengths, kExtents);
        return std::min(read, plane_.plane.atoms);  // only a damaged stream says more
    }

    // Code the weights of the atoms of one range, from the last that is not zero to the first.
    void code_weights(int row, int column) {
        const int rough = spread_class(measure_biases(row, column));
        int last = 0;
        if constexpr (!Coder::kDecoding) {
            for (last = plane_.plane.atoms; last > 0 && plane_.weight(row, column, last - 1) == 0; --last) {
            }
        }
        last = code_extent(row, column, rough, last);
        plane_.lasts[plane_.at(row, column)] = static_cast<std::int16_t>(last);
        int near_agreement = column > 0 ? plane_.agreement[plane_.at(row, column - 1)] : 0;
        near_agreement += row > 0 ? plane_.agreement[plane_.at(row - 1, column)] : 0;
        int agreement = 0, history = 0, nonzero = 0;
        for (int i = last - 1; i >= 0; --i) {
            const std::int64_t in_first = index_ > 0 ? first_.weight_or_0(row, column, i) : 0;
            const std::int64_t in_second = index_ > 1 ? second_.weight_or_0(row, column, i) : 0;
            std::int32_t& weight = plane_.weight(row, column, i);
            auto contexts = weight_contexts(row, column, i, rough, history, nonzero, in_first, in_second);
            const std::int32_t magnitude = code_magnitude(contexts, std::abs(weight), i, i == last - 1);
            history = (history << 1 | (magnitude > 0)) & 255;
            if (magnitude == 0) {
                weight = 0;
                continue;
            }
            ++nonzero;
            const std::int64_t lean = index_ > 1 && in_second != 0 ? in_second : in_first;
            const int west = column > 0 ? sign_class(plane_.weight(row, column - 1, i)) : 0;
            const int north = row > 0 ? sign_class(plane_.weight(row - 1, column, i)) : 0;
            const int agreed = std::clamp(near_agreement + agreement, -2, 2) + 2;
            const bool is_negative =
                code_sign(weight < 0, i, west * 3 + north, sign_class(lean) * 5 + agreed);
            if (lean != 0) {
                agreement += (lean < 0) == is_negative ? 1 : -1;
            }
            weight = is_negative ? -magnitude : magnitude;
            magnitudes_[i] = magnitude;
            spread(row, column, i, std::min(magnitude, kCap));
        }
        plane_.agreement[plane_.at(row, column)] = static_cast<std::int8_t>(std::clamp(agreement, -2, 2));
        std::fill_n(magnitudes_.begin(), last, 0);
        std::fill_n(templates_.begin(), last, 0);
    }

    // The slots of the first decision on a weight.
    //
    // `history` tells of the eight weights coded before whether they are not zero, `nonzero` how many of
    // this range's are not; `in_first` and `in_second` are this weight in the planes that help.
    coding::Contexts<kWeightInputs> weight_contexts(int row, int column, int i, int rough, int history,
                                                    int nonzero, std::int64_t in_first,
                                                    std::int64_t in_second) {
        const Atom& atom = atoms_[i];
        // What is known around this weight in the picture ...
        const auto [left, above, corner, further] = around(
            row, column, [&](int y, int x) { return static_cast<int>(plane_.energies(y, x)[i]); });
        const int near = (6 * left + 4 * above + corner + 2 * further) >> 3;
        const int energy = energy_class(near);
        // ... in frequency ...
        const std::int32_t below = magnitudes_[atom.below], right = magnitudes_[atom.right];
        int shape = 0;
        for (const std::int32_t magnitude : {right, below, magnitudes_[atom.across],
                                             magnitudes_[atom.right2], magnitudes_[atom.below2]}) {
            shape = shape * 3 + std::min(magnitude, 2);
        }
        // ... and all together, with the planes before.
        std::int64_t expectation = templates_[i] + near;
        expectation += index_ > 1 ? 8 * std::min<std::int64_t>(std::abs(in_second), kCap)
                                  : std::min<std::int64_t>(std::abs(in_first), kCap);
        const int coarse = coarse_class(expectation), fine = expectation_class(expectation);
        const int position = position_class(i), octave = std::min(position >> 2, kOctaves - 1);
        int sides = (chroma_ * 3 + std::min(left >> 2, 2)) * 3 + std::min(above >> 2, 2);
        sides = (sides * 3 + std::min((corner + further) >> 2, 2)) * 3 + std::min(right + below, 2);
        int beside = energy * kSpreads + rough;
        if (index_ > 0) {
            beside = first_.energy_class_or_0(row, column, i) * kSpreads;
            beside += index_ == 1 ? energy : second_.energy_class_or_0(row, column, i);
        }
        const int slope = atom.slope;
        const int steep = slope < kSloped
                              ? spread_class(std::abs(gradients_[slope]))
                              : static_cast<int>(std::min<std::int64_t>(std::abs(in_first), 3) * 4 +
                                                 std::min<std::int64_t>(std::abs(in_second), 3));
        const int ones = std::popcount(static_cast<unsigned>(history));
        return {
            kSlots.weight[0] + (index_ * kTemplates + template_class(templates_[i])) * kEnergies + energy,
            kSlots.weight[1] + (index_ * kMaxAtoms + i) * kCoarse + coarse,
            kSlots.weight[2] + (chroma_ * kShapes + shape) * kCoarse + coarse,
            kSlots.weight[3] + ((chroma_ * kPositions + position) * 9 + ones) * kCoarse + coarse,
            kSlots.weight[4] + sides * 4 + std::min(nonzero, 3),
            kSlots.weight[5] + (chroma_ * kEnergies * kSpreads + beside) * kCoarse + coarse,
            kSlots.weight[6] + ((chroma_ * kRates + rate_) * kOctaves + octave) * kExpectations + fine,
            kSlots.weight[7] + ((index_ * (kSloped + 1) + slope) * kSpreads + steep) * kCoarse + coarse,
        };
    }

    // Code a magnitude; the last one is known not to be zero.
    std::int32_t code_magnitude(coding::Contexts<kWeightInputs>& contexts, std::int32_t wanted, int i,
                                bool is_last) {
        const int band = i < 3 ? 0 : i < 15 ? 1 : i < 64 ? 2 : 3;
        const auto next_step = [&] {
            for (int k = 0; k < kWeightInputs; ++k) {
                contexts[k] += kSlots.weight_strides[k];
            }
        };
        std::int32_t magnitude = 0;
        if (is_last) {
            magnitude = 1;
            next_step();
        }
        while (magnitude < kMaxUnary) {
            const int step = std::min(magnitude, kSteps - 1);
            const int set = kSets.weight + (step * kPlanes + index_) * kBands + band;
            if (!coder_.code_mixed(wanted > magnitude, contexts, set, kWeights)) {
                break;
            }
            ++magnitude;
            if (magnitude < kSteps) {
                next_step();
            }
        }
        if (magnitude == kMaxUnary) {
            magnitude += coding::code_tail(coder_, wanted - kMaxUnary,
                                           kSlots.weight_tail + chroma_ * kLengths, kWeights);
        }
        return magnitude;
    }

    // Note a weight where others look for what to expect.
    void spread(int row, int column, int i, int magnitude) {
        const Atom& atom = atoms_[i];
        for (std::size_t k = 0; k < kReach.size(); ++k) {
            templates_[atom.reached[k]] += kReach[k].by * magnitude;
        }
        std::uint8_t* energies = plane_.energies(row, column);
        energies[i] = static_cast<std::uint8_t>(energies[i] + 4 * magnitude);
        for (const int place : {atom.right, atom.below, atom.left, atom.above}) {
            if (place < plane_.plane.atoms) {
                energies[place] = static_cast<std::uint8_t>(energies[place] + 2 * magnitude);
            }
        }
    }

    // Code a sign, which three things foretell: the signs of this weight in the ranges to the left and above
    // (`sides`), the gradients of the biases around, and the sign in another plane and how far such signs
    // have agreed (`other`).
    bool code_sign(int negative, int i, int sides, int other) {
        const std::uint32_t by_other = kSlots.sign_other + index_ * 15 + other;
        if (i >= kSigned) {
            return index_ == 0 ? coder_.code_plain(negative, kSigns)
                               : coder_.code_adaptive(negative, by_other, kSigns);
        }
        const Atom& atom = atoms_[i];
        const int gradient = atom.slope < kSloped ? gradient_class(gradients_[atom.slope]) : 0;
        const coding::Contexts<3> contexts = {
            kSlots.sign_sides + (index_ * kSigned + i) * 9 + sides,
            kSlots.sign_slope + (index_ * (kSloped + 1) + atom.slope) * kGradients + gradient,
            by_other,
        };
        return coder_.code_mixed(negative, contexts, kSets.sign + index_ * 3 + atom.kind, kSigns);
    }

    // Code whether any weight of a domain is not zero, then each: nearly all are.
    void code_domains(int row, int column) {
        const int count = plane_.plane.domains;
        if (count == 0) {
            return;
        }
        bool is_any = false;
        for (int k = 0; k < count; ++k) {
            is_any |= plane_.domain(row, column, k) != 0;
        }
        int near = column > 0 ? plane_.mixed[plane_.at(row, column - 1)] : 0;
        near += row > 0 ? plane_.mixed[plane_.at(row - 1, column)] : 0;
        is_any = coder_.code_adaptive(is_any, kSlots.domain_any + chroma_ * 3 + near, kDomains);
        plane_.mixed[plane_.at(row, column)] = is_any;
        for (int k = 0; is_any && k < count; ++k) {
            std::int32_t& weight = plane_.domain(row, column, k);
            const coding::Contexts<1> contexts = {kSlots.domain_size + chroma_ * kLengths};
            const std::int32_t size = code_number(coder_, std::abs(weight), contexts, 0,
                                                  kSlots.domain_bits + chroma_ * kLengths * 8,
                                                  kSlots.domain_low + chroma_ * kLengths, kDomains);
            const bool is_negative =
                size > 0 && coder_.code_adaptive(weight < 0, kSlots.domain_sign + chroma_, kDomains);
            weight = is_negative ? -size : size;
        }
    }

    Coder& coder_;
    State &plane_, &first_, &second_;
    int index_, chroma_, rate_;
    const std::array<Atom, kMaxAtoms>& atoms_ = atoms();
    std::array<std::int32_t, kMaxAtoms + 1>& magnitudes_;
    std::array<std::int64_t, kMaxAtoms + 1>& templates_;
    std::array<std::int64_t, kSloped> gradients_{};
};

template <typename Coder>
bool code_planes(Coder& coder, std::vector<Plane>& planes, int rate) {
    std::vector<State> states;
    states.reserve(planes.size());
    for (Plane& plane : planes) {
        states.emplace_back(plane);
    }
    Scratch scratch;
    for (std::size_t i = 0; i < states.size(); ++i) {
        State &first = states[0], &second = states[i > 0 ? i - 1 : 0];
        if (!PlaneCoder(coder, states[i], first, second, static_cast<int>(i), rate, scratch).run()) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::uint32_t slot_count() { return kSlots.count; }
std::uint32_t set_count() { return kSets.count; }

bool read_planes(coding::Decoder& coder, std::vector<Plane>& planes, int step) {
    return code_planes(coder, planes, rate_class(step));
}

bool write_planes(coding::Encoder& coder, std::vector<Plane>& planes, int step) {
    return code_planes(coder, planes, rate_class(step));
}

}  // namespace selfsame::collage
