using System.Buffers;
using System.Text.Unicode;

namespace Idempotency.Filters.Keys;

/// <summary>UTF-8 in which different texts always have different bytes, halves of surrogate pairs included.</summary>
internal static class LosslessUtf8
{
    // One UTF-16 unit takes three bytes at most, half a surrogate pair included. A whole pair, two units, takes four.
    private const int MaxBytesPerChar = 3;

    /// <summary>How many bytes so many characters take at most.</summary>
    public static int MaxLength(int characters) => checked(characters * MaxBytesPerChar);

    /// <summary>
    /// Writes UTF-8, but encodes half a surrogate pair as if it were a character. Replacing it with U+FFFD would make different texts
    /// equal.
    /// </summary>
    /// <returns>How many bytes were written.</returns>
    public static int Write(ReadOnlySpan<char> text, Span<byte> target)
    {
        var length = 0;
        while (true)
        {
            var status = Utf8.FromUtf16(text, target[length..], out var read, out var written, replaceInvalidSequences: false);
            length += written;
            if (status == OperationStatus.Done)
                return length;

            var half = text[read];
            target[length++] = (byte)(0xE0 | (half >> 12));
            target[length++] = (byte)(0x80 | ((half >> 6) & 0x3F));
            target[length++] = (byte)(0x80 | (half & 0x3F));
            text = text[(read + 1)..];
        }
    }
}
