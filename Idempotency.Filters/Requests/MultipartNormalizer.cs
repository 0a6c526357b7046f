using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Hashes a multipart body as it streams, with every occurrence of its boundary replaced by a constant: clients draw a boundary at random
/// for every attempt, so that a retry has the same parts and other bytes.
/// </summary>
internal sealed class MultipartNormalizer
{
    // RFC 2046, section 5.1.1, allows 70, and ASP.NET Core reads 128. The search takes time in proportion to it: a client must not choose how much.
    private const int LongestBoundary = 128;

    private readonly IncrementalHash _hash;
    private readonly byte[] _boundary;

    // The last bytes that came, fewer than the boundary has: it may have begun in them. Behind them is room for as many more.
    private readonly byte[] _window;
    private int _held;

    private MultipartNormalizer(byte[] boundary, IncrementalHash hash)
    {
        _hash = hash;
        _boundary = boundary;
        _window = new byte[2 * (boundary.Length - 1)];
    }

    private static ReadOnlySpan<byte> Constant => "\0boundary\0"u8;

    /// <summary>Null when the body is not multipart, or has no boundary, or one that is too long.</summary>
    public static MultipartNormalizer? For(string? contentType, IncrementalHash hash)
    {
        if (contentType is null || !contentType.AsSpan().TrimStart().StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            || !MediaTypeHeaderValue.TryParse(contentType, out var mediaType))
        {
            return null;
        }

        var boundary = HeaderUtilities.RemoveQuotes(mediaType.Boundary);
        return boundary.Length is 0 or > LongestBoundary ? null : new MultipartNormalizer(Encoding.UTF8.GetBytes(boundary.ToString()), hash);
    }

    public void Append(ReadOnlySpan<byte> chunk)
    {
        if (_held > 0 && !TryLeaveWindow(ref chunk))
            return;

        for (int at; (at = chunk.IndexOf(_boundary)) >= 0; chunk = chunk[(at + _boundary.Length)..])
            EmitBoundaryAfter(chunk[..at]);
        Hold(chunk);
    }

    public void Complete() => Emit(_window.AsSpan(0, _held));

    /// <summary>Decides about the bytes that are held. False when the chunk is too short for that and is held with them.</summary>
    private bool TryLeaveWindow(ref ReadOnlySpan<byte> chunk)
    {
        // As many bytes of the chunk as a boundary that began in the held ones could still have.
        var taken = Math.Min(chunk.Length, _boundary.Length - 1);
        chunk[..taken].CopyTo(_window.AsSpan(_held));
        var window = _window.AsSpan(0, _held + taken);

        var at = window.IndexOf(_boundary);
        if (at >= 0)
        {
            EmitBoundaryAfter(window[..at]);
            chunk = chunk[(at + _boundary.Length - _held)..];
        }
        else if (taken < _boundary.Length - 1)
        {
            Hold(window);
            return false;
        }
        else
        {
            Emit(window[.._held]);
        }

        _held = 0;
        return true;
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        _held = Math.Min(bytes.Length, _boundary.Length - 1);
        Emit(bytes[..^_held]);
        bytes[^_held..].CopyTo(_window);
    }

    private void EmitBoundaryAfter(ReadOnlySpan<byte> bytes)
    {
        Emit(bytes);
        _hash.AppendData(Constant);
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
            _hash.AppendData(bytes);
    }
}
