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

// A canonical Huffman code: words by length, those of a length by symbol. Short words are looked up.
class Huffman {
public:
    static constexpr int kShort = 9;  // bits

    struct Entry {
        std::uint16_t symbol;
        std::uint8_t length;  // 0 for longer words, and for what is none
    };

    // From the length of each symbol's word. Whether these lengths make a code that is used up; one word of one bit
    // does, too, and no word at all.
    bool set(const std::uint8_t* lengths, int count) {
        counts_.fill(0);
        for (int i = 0; i < count; ++i) {
            ++counts_[lengths[i]];
        }
        counts_[0] = 0;
        int left = 1, longest = 0;
        std::array<int, kMaxLength + 2> starts{}, words{};
        for (int length = 1; length <= kMaxLength; ++length) {
            left = 2 * left - counts_[length];
            if (left < 0) {
                return false;
            }
            longest = counts_[length] ? length : longest;
            starts[length + 1] = starts[length] + counts_[length];
            words[length + 1] = (words[length] + counts_[length]) << 1;
        }
        is_complete_ = left == 0;
        table_.fill({});
        for (int i = 0; i < count; ++i) {
            const int length = lengths[i];
            if (length == 0) {
                continue;
            }
            symbols_[starts[length]++] = static_cast<std::uint16_t>(i);
            const int word = words[length]++;
            if (length <= kShort) {  // the stream has a word's first bit lowest
                int reversed = 0;
                for (int bit = 0; bit < length; ++bit) {
                    reversed |= (word >> bit & 1) << (length - 1 - bit);
                }
                for (; reversed < 1 << kShort; reversed += 1 << length) {
                    table_[reversed] = {static_cast<std::uint16_t>(i), static_cast<std::uint8_t>(length)};
                }
            }
        }
        return is_complete_ || longest <= 1;
    }

    bool is_complete() const { return is_complete_; }
    const Entry& entry(std::uint64_t bits) const { return table_[bits & ((1 << kShort) - 1)]; }
    int count(int length) const { return counts_[length]; }
    int symbol(int place) const { return symbols_[place]; }

private:
    std::array<int, kMaxLength + 1> counts_;
    std::array<std::uint16_t, kMaxLiterals + 2> symbols_;
    std::array<Entry, 1 << kShort> table_;
    bool is_complete_ = false;
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
    // How many bytes were used, the last one perhaps in part.
    std::size_t position() const { return position_ - spare_ / 8; }

    [[noreturn]] void refuse() const {
        fail(Fault::kCorrupted, owner_, " must hold a stream of ", size_, " bytes");
    }

private:
    // Have so many bits at hand, or all that are left.
    void fill(int count) {
        while (spare_ < count && position_ < data_.size()) {
            buffer_ |= std::uint64_t(data_.data()[position_++]) << spare_;
            spare_ += 8;
        }
    }

    void drop(int count) {
        if (spare_ < count) {
            refuse();
        }
        buffer_ >>= count;
        spare_ -= count;
    }

    int bits(int count) {
        fill(count);
        const auto value = static_cast<int>(buffer_ & ((1u << count) - 1));
        drop(count);
        return value;
    }

    void put(std::uint8_t byte) {
        if (out_.size() == size_) {
            refuse();
        }
        out_.push_back(byte);
    }

    void store() {
        drop(spare_ % 8);  // the rest of the byte has no meaning
        const int length = bits(16), inverse = bits(16);
        position_ = position();
        buffer_ = 0, spare_ = 0;
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
        literals_.set(lengths.data(), static_cast<int>(lengths.size()));
        lengths.fill(5);
        distances_.set(lengths.data(), kMaxDistances + 2);
    }

    void set_dynamic() {
        constexpr std::array<std::uint8_t, 19> kOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                         11, 4,  12, 3, 13, 2, 14, 1, 15};
        const int literals = bits(5) + 257, distances = bits(5) + 1, count = bits(4) + 4;
        if (literals > kMaxLiterals || distances > kMaxDistances) {
            refuse();
        }
        std::array<std::uint8_t, kOrder.size()> lengths{};
        for (int i = 0; i < count; ++i) {
            lengths[kOrder[i]] = static_cast<std::uint8_t>(bits(3));
        }
        Huffman& code = literals_;
        if (!code.set(lengths.data(), static_cast<int>(lengths.size())) || !code.is_complete()) {
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
        if (read[kEndOfBlock] == 0 || !literals_.set(read.data(), literals) ||
            !distances_.set(&read[literals], distances)) {
            refuse();
        }
    }

    int symbol(const Huffman& code) {
        fill(kMaxLength);
        if (const auto& entry = code.entry(buffer_); entry.length > 0) {
            drop(entry.length);
            return entry.symbol;
        }
        int word = 0, first = 0, place = 0;
        for (int length = 1; length <= kMaxLength; ++length) {
            word |= bits(1);
            const int count = code.count(length);
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
    std::uint64_t buffer_ = 0;
    int spare_ = 0;
    std::vector<std::uint8_t> out_;
    Huffman literals_, distances_;
};

}  // namespace

std::uint32_t adler32(Bytes data) {
    std::uint32_t low = 1, high = 0;
    for (const std::uint8_t byte : data) {
        low = (low + byte) % kAdlerModulus;
        high = (high + low) % kAdlerModulus;
    }
    return high << 16 | low;
}

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
    if (stored != adler32({result.data(), result.size()})) {
        fail(Fault::kCorrupted, owner, " is a damaged zlib stream");
    }
    return result;
}

}  // namespace selfsame::browser
