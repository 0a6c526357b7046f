using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using PaymentsApi.Payments;

namespace PaymentsApi.Pages;

/// <summary>Shows one payment. The checkout form redirects here, and the page is safe to reload.</summary>
public sealed class ReceiptModel(ILedger ledger) : PageModel
{
    public Payment Payment { get; private set; } = null!;

    public Task<string> PaymentsAsync() => ledger.CountInWordsAsync();

    public async Task<IActionResult> OnGetAsync(Guid id)
    {
        if (await ledger.FindAsync(id) is not { } payment)
            return NotFound();

        Payment = payment;
        return Page();
    }
}
