#include "browser/files/inflate.hpp"

#include <array>
#include <utility>

#include "core/fail.hpp"

namespace selfsame::browser {

namespace {

constexpr int kMaxLength = 15;                            // of a code word, in bits
constexpr int kMaxLiterals = 286, kMaxDistances = 30;     // symbols that a block may have codes for
constexpr int kEndOfBlock = 256, kMaxLengthSymbol = 285;
constexpr std::size_t kMostPerByte = 1032;                // bytes that a byte of a stream can stand for
constexpr std::uint32_t kAdlerModulus = 65521;

// A canonical Huffman code.
class Huffman {
public:
    // From the length of each symbol's word. Whether these lengths make a code; one word of one bit does, or, if
    // `is_empty_allowed`, none at all.
    template <typename Lengths>
    bool set(const Lengths& lengths, std::size_t count, bool is_empty_allowed) {
        counts_.fill(0);
        for (std::size_t i = 0; i < count; ++i) {
            ++counts_[lengths[i]];
        }
        int left = 1, longest = 0;
        std::array<std::uint16_t, kMaxLength + 2> starts{};
        for (int length = 1; length <= kMaxLength; ++length) {
            left = 2 * left - counts_[length];
            if (left < 0) {
                return false;
            }
            longest = counts_[length] ? length : longest;
            starts[length + 1] = static_cast<std::uint16_t>(starts[length] + counts_[length]);
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (lengths[i]) {
                symbols_[starts[lengths[i]]++] = static_cast<std::uint16_t>(i);
            }
        }
        return left == 0 || longest == 1 || (longest == 0 && is_empty_allowed);
    }

    const std::array<std::uint16_t, kMaxLength + 1>& counts() const { return counts_; }
    int symbol(int place) const { return symbols_[place]; }

private:
    std::array<std::uint16_t, kMaxLength + 1> counts_;
    std::array<std::uint16_t, kMaxLiterals + 2> symbols_;
};

class Inflater {
public:
    Inflater(Bytes data, std::size_t size, std::string_view owner) : data_(data), size_(size), owner_(owner) {
        if (size_ / kMostPerByte > data_.size()) {  // before anything is allocated
            refuse();
        }
        out_.reserve(size_);
    }

    void run() {
        bool is_last = false;
        while (!is_last) {
            is_last = bits(1);
            switch (bits(2)) {
                case 0:
                    store();
                    break;
                case 1:
                    set_fixed();
                    decode();
                    break;
                case 2:
                    set_dynamic();
                    decode();
                    break;
                default:
                    refuse();
            }
        }
        if (out_.size() != size_) {
            refuse();
        }
    }

    std::vector<std::uint8_t>& out() { return out_; }
    // How many bytes were read, the last one perhaps in part.
    std::size_t position() const { return position_; }

    [[noreturn]] void refuse() const {
        fail(Fault::kCorrupted, owner_, " must hold a stream of ", size_, " bytes");
    }

private:
    int bits(int count) {
        while (spare_ < count) {
            if (position_ == data_.size()) {
                refuse();
            }
            buffer_ |= std::uint32_t(data_[position_++]) << spare_;
            spare_ += 8;
        }
        const int value = static_cast<int>(buffer_ & ((1u << count) - 1));
        buffer_ >>= count;
        spare_ -= count;
        return value;
    }

    void put(std::uint8_t byte) {
        if (out_.size() == size_) {
            refuse();
        }
        out_.push_back(byte);
    }

    void store() {
        buffer_ = 0, spare_ = 0;  // the rest of the byte has no meaning
        const int length = bits(8) | bits(8) << 8, inverse = bits(8) | bits(8) << 8;
        if (length != (inverse ^ 0xFFFF) || data_.size() - position_ < static_cast<std::size_t>(length)) {
            refuse();
        }
        for (int i = 0; i < length; ++i) {
            put(data_[position_++]);
        }
    }

    void set_fixed() {
        std::array<std::uint8_t, kMaxLiterals + 2> lengths;
        for (int i = 0; i < static_cast<int>(lengths.size()); ++i) {
            lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
        }
        literals_.set(lengths, lengths.size(), false);
        lengths.fill(5);
        distances_.set(lengths, kMaxDistances + 2, false);
    }

    void set_dynamic() {
        constexpr std::array<std::uint8_t, 19> kOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                         11, 4,  12, 3, 13, 2, 14, 1, 15};
        const int literals = bits(5) + 257, distances = bits(5) + 1, count = bits(4) + 4;
        if (literals > kMaxLiterals || distances > kMaxDistances) {
            refuse();
        }
        std::array<std::uint8_t, kMaxLiterals + kMaxDistances> lengths{};
        for (int i = 0; i < count; ++i) {
            lengths[kOrder[i]] = static_cast<std::uint8_t>(bits(3));
        }
        Huffman& code = literals_;
        if (!code.set(lengths, kOrder.size(), false) || !is_complete(code)) {
            refuse();
        }
        std::array<std::uint8_t, kMaxLiterals + kMaxDistances> read{};
        for (int i = 0; i < literals + distances;) {
            const int symbol = this->symbol(code);
            if (symbol < 16) {
                read[i++] = static_cast<std::uint8_t>(symbol);
                continue;
            }
            if (symbol == 16 && i == 0) {
                refuse();
            }
            const std::uint8_t length = symbol == 16 ? read[i - 1] : std::uint8_t(0);
            int repeats = symbol == 16 ? 3 + bits(2) : symbol == 17 ? 3 + bits(3) : 11 + bits(7);
            if (i + repeats > literals + distances) {
                refuse();
            }
            while (repeats-- > 0) {
                read[i++] = length;
            }
        }
        if (read[kEndOfBlock] == 0 || !literals_.set(read, literals, false) ||
            !distances_.set(&read[literals], distances, true)) {
            refuse();
        }
    }

    static bool is_complete(const Huffman& code) {
        int left = 1;
        for (int length = 1; length <= kMaxLength; ++length) {
            left = 2 * left - code.counts()[length];
        }
        return left == 0;
    }

    int symbol(const Huffman& code) {
        int word = 0, first = 0, place = 0;
        for (int length = 1; length <= kMaxLength; ++length) {
            word |= bits(1);
            const int count = code.counts()[length];
            if (word - count < first) {
                return code.symbol(place + word - first);
            }
            place += count;
            first = (first + count) << 1;
            word <<= 1;
        }
        refuse();
    }

    // Decode a block to its end.
    void decode() {
        for (int symbol; (symbol = this->symbol(literals_)) != kEndOfBlock;) {
            if (symbol < kEndOfBlock) {
                put(static_cast<std::uint8_t>(symbol));
                continue;
            }
            if (symbol > kMaxLengthSymbol) {
                refuse();
            }
            int length = 258;  // symbols 257 to 264: 3 to 10; then four with each number of further bits
            if (symbol < 265) {
                length = symbol - 254;
            } else if (symbol < kMaxLengthSymbol) {
                const int extra = (symbol - 261) >> 2;
                length = ((4 + ((symbol - 261) & 3)) << extra) + 3 + bits(extra);
            }
            const int near = this->symbol(distances_);
            if (near >= kMaxDistances) {
                refuse();
            }
            std::size_t distance = near + 1;  // 0 to 3: 1 to 4; then two with each number of further bits
            if (near >= 4) {
                const int extra = (near >> 1) - 1;
                distance = (std::size_t(2 + (near & 1)) << extra) + 1 + bits(extra);
            }
            if (distance > out_.size()) {
                refuse();
            }
            while (length-- > 0) {
                put(out_[out_.size() - distance]);
            }
        }
    }

    Bytes data_;
    std::size_t size_;
    std::string_view owner_;
    std::size_t position_ = 0;
    std::uint32_t buffer_ = 0;
    int spare_ = 0;
    std::vector<std::uint8_t> out_;
    Huffman literals_, distances_;
};

std::uint32_t adler32(const std::vector<std::uint8_t>& data) {
    std::uint32_t low = 1, high = 0;
    for (const std::uint8_t byte : data) {
        low = (low + byte) % kAdlerModulus;
        high = (high + low) % kAdlerModulus;
    }
    return high << 16 | low;
}

}  // namespace

std::vector<std::uint8_t> inflated_bare(Bytes data, std::size_t size, std::string_view owner) {
    Inflater inflater(data, size, owner);
    inflater.run();
    if (inflater.position() != data.size()) {
        inflater.refuse();
    }
    return std::move(inflater.out());
}

std::vector<std::uint8_t> inflated(Bytes data, std::size_t size, std::string_view owner) {
    constexpr std::size_t kHead = 2, kTail = 4;
    constexpr int kDeflate = 8, kMaxWindow = 7, kDictionary = 32;
    if (data.size() < kHead + kTail || (data[0] & 15) != kDeflate || data[0] >> 4 > kMaxWindow ||
        (data[0] << 8 | data[1]) % 31 || data[1] & kDictionary) {
        fail(Fault::kCorrupted, owner, " is no zlib stream");
    }
    const auto inside = data.part(kHead, data.size() - kHead - kTail);
    auto result = inflated_bare(inside, size, owner);
    std::uint32_t stored = 0;
    for (const std::uint8_t byte : data.part(data.size() - kTail, kTail)) {
        stored = stored << 8 | byte;
    }
    if (stored != adler32(result)) {
        fail(Fault::kCorrupted, owner, " is a damaged zlib stream");
    }
    return result;
}

}  // namespace selfsame::browser
