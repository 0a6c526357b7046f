using System.Buffers;

namespace Idempotency.Filters;

/// <summary>
/// Transforms whole records on their way to the store and back, for example to encrypt or compress them. Register it with
/// <c>AddIdempotency().ProtectRecords(...)</c>. It replaces the serializer hooks of flask-idempotent.
/// </summary>
/// <remarks>
/// <para>One instance serves all stores and all requests, concurrently.</para>
/// <para>
/// The storage key is associated data. A protector that encrypts should bind the bytes to it, so that nobody can read a record that was
/// copied to another key. The protector need not store the key.
/// </para>
/// <para>What a store needs for its own work (state, lease, expiry) is outside the record and is not protected.</para>
/// </remarks>
public interface IResponseRecordProtector
{
    /// <summary>Protects one record.</summary>
    /// <param name="storageKey">The key under which the bytes are stored.</param>
    /// <param name="record">The record: response, headers and the hashes of the request. Valid only during the call.</param>
    /// <param name="destination">Receives the bytes to store.</param>
    /// <remarks>
    /// An exception counts as a store failure after the action: the client gets its response, the key stays closed, and the library retries
    /// the record until the claim ends.
    /// </remarks>
    void Protect(string storageKey, in ReadOnlySequence<byte> record, IBufferWriter<byte> destination);

    /// <summary>Restores the record that was passed to <see cref="Protect"/>.</summary>
    /// <param name="storageKey">The key under which the bytes were found.</param>
    /// <param name="bytes">What is stored there. It may be anything. Valid only during the call.</param>
    /// <param name="destination">Receives the record.</param>
    /// <remarks>
    /// An exception makes the record unreadable. It is logged, the client gets 503 <c>record-unreadable</c>, and the action does not run.
    /// </remarks>
    void Unprotect(string storageKey, in ReadOnlySequence<byte> bytes, IBufferWriter<byte> destination);
}
